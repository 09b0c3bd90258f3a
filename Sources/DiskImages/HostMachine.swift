#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What this process runs on, and as whom.
public enum HostMachine {
  /// Processors that the host has for this process's threads, at least one.
  public static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Bytes of memory that the host has.
  public static var memoryByteCount: Int {
    let (bytes, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
      by: sysconf(Int32(_SC_PAGESIZE)))
    return overflow ? .max : max(0, bytes)
  }

  /// The number of the user whom new files belong to.
  static var user: UInt32 { geteuid() }
}
