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

  /// The number of the user who owns the file.
  func owner() throws(ImageFault) -> UInt32 { try status().st_uid }

  /// Lets those use the file who may use `other`, and nobody but its owner if it cannot get the
  /// group of `other`.
  func takePermissions(of other: HostFile) throws(ImageFault) {
    let status = try other.status()
    let hasGroup = fchown(descriptor.rawValue, .max, status.st_gid) == 0
    guard fchmod(descriptor.rawValue, status.st_mode & (hasGroup ? 0o666 : 0o600)) == 0 else {
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
