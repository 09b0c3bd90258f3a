internal import CHost
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A regular file or a block device of the host.
///
/// The path is opened once; everything later, locks included, goes through that descriptor, so
/// that a name which changes its meaning in between fools nobody. Nothing is mapped: a file that
/// another process cuts short yields zeroes or an error, never SIGBUS.
public final class HostFile: FileStore {
  /// The path as the caller gave it.
  public let name: String
  /// Device and inode.
  public let identity: FileIdentity?
  /// Whether the descriptor takes writes.
  public let isWritable: Bool
  /// Whether this is a regular file, not a block device.
  let isRegular: Bool
  let descriptor: FileDescriptor
  private var flushFault: ImageFault?

  /// Opens an existing file.
  ///
  /// - Throws: ``ImageFault`` when it is missing, may not be opened, or is neither a regular file
  ///   nor a block device. Opening a FIFO or a device never blocks.
  public convenience init(_ path: String, writable: Bool) throws(ImageFault) {
    try self.init(path, writable: writable, options: [.nonBlocking, .closeOnExec])
  }

  /// Makes a new empty file. With `replacing`, one that exists is opened as it is: lock it before
  /// it loses its content.
  public static func create(
    _ path: String, replacing: Bool = false
  ) throws(ImageFault) -> HostFile {
    try HostFile(
      path, writable: true,
      options: [.nonBlocking, .closeOnExec, .create] + (replacing ? [] : [.exclusiveCreate]))
  }

  /// Makes an unlinked file in `directory`: it has no name and goes away with the process.
  public static func unlinked(in directory: String) throws(ImageFault) -> HostFile {
    let number = unsafe directory.withCString { unsafe chost_open_unlinked($0) }
    guard number >= 0 else {
      throw ImageFault(
        directory, .host(operation: "create a temporary file", errno: errno))
    }
    return try HostFile(
      descriptor: FileDescriptor(rawValue: number), name: "temporary file in \(directory)",
      writable: true)
  }

  /// Makes a new empty file that only its owner may open.
  static func createPrivate(_ path: String) throws(ImageFault) -> HostFile {
    try HostFile(
      path, writable: true, options: [.nonBlocking, .closeOnExec, .create, .exclusiveCreate],
      permissions: .ownerReadWrite)
  }

  private convenience init(
    _ path: String, writable: Bool, options: [FileDescriptor.OpenOptions],
    permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
  ) throws(ImageFault) {
    let descriptor: FileDescriptor
    do {
      descriptor = try FileDescriptor.open(
        FilePath(path), writable ? .readWrite : .readOnly,
        options: FileDescriptor.OpenOptions(options),
        permissions: permissions)
    } catch {
      let number = (error as? Errno) ?? .ioError
      guard number != .isDirectory else {
        throw ImageFault(path, .notAFile(kind: "a directory"))
      }
      throw ImageFault(path, .host(operation: "open", errno: number.rawValue))
    }
    try self.init(descriptor: descriptor, name: path, writable: writable)
  }

  private init(
    descriptor: FileDescriptor, name: String, writable: Bool
  ) throws(ImageFault) {
    self.descriptor = descriptor
    self.name = name
    isWritable = writable
    var status = stat()
    let fault: ImageFault.Cause?
    if unsafe fstat(descriptor.rawValue, &status) != 0 {
      fault = .host(operation: "examine", errno: errno)
    } else {
      fault =
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFBLK: nil
        case S_IFDIR: .notAFile(kind: "a directory")
        case S_IFIFO: .notAFile(kind: "a FIFO")
        case S_IFSOCK: .notAFile(kind: "a socket")
        case S_IFCHR: .notAFile(kind: "a character device")
        default: .notAFile(kind: "of an unknown kind")
        }
    }
    isRegular = status.st_mode & S_IFMT == S_IFREG
    identity = FileIdentity(
      device: UInt64(truncatingIfNeeded: status.st_dev),
      inode: UInt64(truncatingIfNeeded: status.st_ino))
    if let fault { throw ImageFault(name, fault) }
  }

  deinit {
    unlock()
    try? descriptor.close()
  }

  /// The size of a device, which cannot grow.
  public var capacity: UInt64? { isRegular ? nil : (try? byteCount()) ?? 0 }

  /// The size of the file or of the device.
  public func byteCount() throws(ImageFault) -> UInt64 {
    // A block device has no size in its inode; the end of a seek is right for both kinds.
    try host("find the size of") { () throws in
      UInt64(max(0, try descriptor.seek(offset: 0, from: .end)))
    }
  }

  /// Reads with pread(2), again after short transfers and signals.
  @discardableResult
  public func read(
    at offset: UInt64, into bytes: inout MutableSpan<UInt8>
  ) throws(ImageFault) -> Int {
    let count = bytes.count
    guard let start = Int64(exactly: offset), start <= Int64.max - Int64(count) else {
      bytes.update(repeating: 0)
      return 0
    }
    var done = 0
    while done < count {
      var rest = bytes._mutatingExtracting(done..<count)
      let got = try host("read") { () throws in
        try unsafe rest.withUnsafeMutableBytes { buffer throws in
          try unsafe descriptor.read(fromAbsoluteOffset: start + Int64(done), into: buffer)
        }
      }
      guard got > 0 else {
        rest.update(repeating: 0)
        break
      }
      done += got
    }
    return done
  }

  /// Writes with pwrite(2), again after short transfers and signals.
  public func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) {
    guard let start = Int64(exactly: offset), start <= Int64.max - Int64(bytes.count) else {
      throw ImageFault(name, .host(operation: "write", errno: EFBIG))
    }
    var done = 0
    while done < bytes.count {
      let rest = bytes.extracting(done..<bytes.count)
      let put = try host("write") { () throws in
        try unsafe rest.withUnsafeBytes { buffer throws in
          try unsafe descriptor.write(toAbsoluteOffset: start + Int64(done), buffer)
        }
      }
      guard put > 0 else { throw ImageFault(name, .host(operation: "write", errno: ENOSPC)) }
      done += put
    }
  }

  /// fdatasync(2), which covers a changed length too.
  public func flush() throws(ImageFault) {
    if let flushFault { throw flushFault }
    var result: Int32
    repeat { result = fdatasync(descriptor.rawValue) } while result != 0 && errno == EINTR
    guard result == 0 else {
      let fault = ImageFault(name, .host(operation: "make the data durable", errno: errno))
      flushFault = fault
      throw fault
    }
  }

  /// ftruncate(2); a device has one size.
  public func setByteCount(_ count: UInt64) throws(ImageFault) {
    if let capacity {
      guard count != capacity else { return }
      throw ImageFault(
        name, .refused("is a device of \(capacity) bytes, whose size cannot be changed"))
    }
    guard let count = Int64(exactly: count) else {
      throw ImageFault(name, .host(operation: "resize", errno: EFBIG))
    }
    try host("resize") { () throws in try descriptor.resize(to: count) }
  }

  /// fallocate(2) with FALLOC_FL_PUNCH_HOLE.
  public func punchHole(_ range: Range<UInt64>) throws(ImageFault) -> Bool {
    try fallocate("punch a hole into", range, chost_punch_hole)
  }

  /// fallocate(2).
  public func allocate(_ range: Range<UInt64>) throws(ImageFault) -> Bool {
    try fallocate("take space for", range, chost_allocate)
  }

  /// Answers false when the file system has no such call.
  private func fallocate(
    _ operation: String, _ range: Range<UInt64>, _ call: (Int32, Int64, Int64) -> Int32
  ) throws(ImageFault) -> Bool {
    guard let start = Int64(exactly: range.lowerBound), let end = Int64(exactly: range.upperBound)
    else { return false }
    guard start < end else { return true }
    var result: Int32
    repeat {
      result = call(descriptor.rawValue, start, end - start)
    } while result != 0 && errno == EINTR
    if result == 0 { return true }
    guard [EOPNOTSUPP, ENOSYS, EINVAL, ENODEV].contains(errno) else {
      throw ImageFault(name, .host(operation: operation, errno: errno))
    }
    return false
  }

  /// lseek(2) with SEEK_DATA and SEEK_HOLE.
  public func run(at offset: UInt64) throws(ImageFault) -> (isData: Bool, end: UInt64) {
    let size = try byteCount()
    guard offset < size, let start = Int64(exactly: offset) else { return (false, .max) }
    let data = chost_seek_data(descriptor.rawValue, start)
    guard data >= 0 else {
      // ENXIO: only a hole follows. Anything else: the file system cannot tell.
      return errno == ENXIO ? (false, size) : (true, size)
    }
    if data > start { return (false, UInt64(data)) }
    let hole = chost_seek_hole(descriptor.rawValue, start)
    return (true, hole > start ? UInt64(hole) : size)
  }

  /// Runs a call of swift-system and names the operation when the host refuses it.
  private func host<Result>(
    _ operation: String, _ body: () throws -> Result
  ) throws(ImageFault) -> Result {
    do {
      return try body()
    } catch {
      let number = (error as? Errno) ?? .ioError
      throw ImageFault(name, .host(operation: operation, errno: number.rawValue))
    }
  }
}
