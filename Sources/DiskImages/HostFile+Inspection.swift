internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What the host knows about a file beyond its bytes.
extension HostFile {
  /// Bytes that the file takes on the host's disk: less than its size where it has holes.
  public func allocatedByteCount() -> UInt64 {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else { return 0 }
    return UInt64(clamping: status.st_blocks) &* 512
  }

  /// Device, inode, size and time of the last write.
  public func stamp() throws(ImageFault) -> FileStamp {
    let status = try status()
    let time = status.st_mtim
    return FileStamp(
      identity: identity, byteCount: UInt64(clamping: status.st_size),
      modificationTime: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  /// Whether this is a regular file, not a block device.
  func isRegular() throws(ImageFault) -> Bool { try status().st_mode & S_IFMT == S_IFREG }

  /// The number of the user who owns the file.
  func owner() throws(ImageFault) -> UInt32 { try status().st_uid }

  /// The number of the user whom new files belong to.
  static var processOwner: UInt32 { geteuid() }

  /// Lets those use the file who may use `other`.
  func takePermissions(of other: HostFile) throws(ImageFault) {
    guard fchmod(descriptor.rawValue, try other.status().st_mode & 0o666) == 0 else {
      throw ImageFault(name, .host(operation: "set the permissions of", errno: errno))
    }
  }

  private func status() throws(ImageFault) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
      throw ImageFault(name, .host(operation: "examine", errno: errno))
    }
    return status
  }

  /// The path without symbolic links, from the root; nil if the host cannot tell.
  static func absolutePath(_ path: String) -> String? {
    guard let resolved = unsafe path.withCString({ unsafe realpath($0, nil) }) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// Removes a file that was made in vain. That it stays is no second error.
  static func remove(_ path: String) {
    _ = unsafe path.withCString { unsafe unlink($0) }
  }

  /// Processors that the host has for this process's threads, at least one.
  public static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Bytes of memory that the host has.
  public static var memoryByteCount: Int {
    let (bytes, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
      by: sysconf(Int32(_SC_PAGESIZE)))
    return overflow ? .max : max(0, bytes)
  }

  /// Gives a file another name; one that had it is replaced in the same moment.
  static func move(_ path: String, to name: String) throws(ImageFault) {
    let result = unsafe path.withCString { old in
      unsafe name.withCString { unsafe rename(old, $0) }
    }
    guard result == 0 else {
      throw ImageFault(path, .host(operation: "rename", errno: errno))
    }
  }
}
