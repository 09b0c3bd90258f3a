/// Everything that decides how a machine behaves. The same configuration and the same input give
/// the same run, unless `clock` is `.host`.
public struct MachineConfiguration: Sendable {
  /// What guest time follows.
  public enum Clock: String, Sendable, CaseIterable {
    /// Executed instructions; idle time is skipped.
    case virtual
    /// The host's clock; an idle guest sleeps.
    case host
  }

  /// A file's content with the name that messages call it.
  public struct NamedFile: Sendable {
    /// The name.
    public var name: String
    /// The content.
    public var bytes: [UInt8]

    /// A named file.
    public init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// The firmware's ELF file.
  public var firmware: NamedFile
  /// The kernel's ELF file, started by the firmware; without one the firmware's console starts.
  public var kernel: NamedFile?
  /// Put at the end of memory for the kernel.
  public var initrd: NamedFile?
  /// The kernel's command line, at most 255 bytes.
  public var commandLine: String = ""
  /// Bytes of RAM, a multiple of 8 KiB, at most 32 GiB.
  public var memoryByteCount: UInt64 = 512 << 20
  /// Number of CPUs; this version has one.
  public var cpuCount = 1
  /// What guest time follows.
  public var clock = Clock.virtual
  /// Whether drivers get away with what the hardware would not let pass.
  public var isChipsetLenient = false
  /// What the real-time clock shows at power-on, in seconds since 1970. Fixed by default, so that
  /// runs repeat: 2000-01-01 00:00:00 UTC.
  public var startDate: UInt64 = 946_684_800

  /// A machine with this firmware.
  public init(firmware: NamedFile) { self.firmware = firmware }
}

/// Why a machine could not be set up.
public struct MachineSetUpError: Error, Equatable, CustomStringConvertible {
  /// What was wrong, where, and what would be right, in one line.
  public let description: String
  /// Describes what was wrong.
  public init(_ description: String) { self.description = description }
}
