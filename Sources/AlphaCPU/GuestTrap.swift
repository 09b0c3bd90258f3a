/// Where PALcode is entered for each event, added to PALBR.
enum PALEntry {
  static let machineCheck: UInt64 = 0x080
  static let interprocessorInterrupt: UInt64 = 0x100
  static let timerInterrupt: UInt64 = 0x180
  static let deviceInterrupt: UInt64 = 0x200
  static let memoryManagement: UInt64 = 0x280
  static let unaligned: UInt64 = 0x300
  static let illegalOpcode: UInt64 = 0x380
  static let arithmetic: UInt64 = 0x400
  static let floatDisabled: UInt64 = 0x480
  static let privilegedCall: UInt64 = 0x1000
  static let unprivilegedCall: UInt64 = 0x2000

  /// The entry of a CALL_PAL function, or nil where the function does not exist.
  static func offset(ofCall function: UInt32) -> UInt64? {
    switch function {
    case 0x00...0x3F: privilegedCall + UInt64(function) << 6
    case 0x80...0xBF: unprivilegedCall + UInt64(function - 0x80) << 6
    default: nil
    }
  }
}

/// An event that enters PALcode instead of the next instruction.
struct GuestTrap {
  /// See ``PALEntry``.
  var entry: UInt64
  /// Processor registers TRAP_ARG0 to TRAP_ARG2; nil leaves the register alone.
  var arguments: (UInt64?, UInt64?, UInt64?)
  /// Whether EXC_ADDR names the instruction behind the trapping one.
  var resumesBehind: Bool

  static func memoryManagement(
    _ va: UInt64, _ code: MemoryManagementCode, _ access: Access
  ) -> GuestTrap {
    GuestTrap(
      entry: PALEntry.memoryManagement, arguments: (va, code.rawValue, access.faultArgument),
      resumesBehind: false)
  }

  /// The firmware skips the access itself, so EXC_ADDR names it.
  static func machineCheck(_ va: UInt64, isStore: Bool) -> GuestTrap {
    GuestTrap(
      entry: PALEntry.machineCheck, arguments: (va, isStore ? 1 : 0, nil), resumesBehind: false)
  }

  static func unaligned(_ va: UInt64, opcode: UInt64, register: Int) -> GuestTrap {
    GuestTrap(
      entry: PALEntry.unaligned, arguments: (va, opcode, UInt64(register)), resumesBehind: false)
  }

  static var illegalOpcode: GuestTrap {
    GuestTrap(entry: PALEntry.illegalOpcode, arguments: (nil, nil, nil), resumesBehind: true)
  }

  /// The guest enables floating point and executes the instruction again (Alpha AHB, FEN).
  static var floatDisabled: GuestTrap {
    GuestTrap(entry: PALEntry.floatDisabled, arguments: (nil, nil, nil), resumesBehind: false)
  }

  static func arithmetic(summary: UInt64, mask: UInt64) -> GuestTrap {
    GuestTrap(entry: PALEntry.arithmetic, arguments: (summary, mask, nil), resumesBehind: true)
  }
}
