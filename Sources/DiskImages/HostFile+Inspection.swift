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
}
