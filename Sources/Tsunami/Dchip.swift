public import DeviceModel

/// The registers of the data chips (21272 HRM 10.2.4).
public enum DchipRegister: String, CaseIterable, Sendable {
  /// System configuration.
  case dsc = "DSC"
  /// System timing.
  case str = "STR"
  /// Revision.
  case drev = "DREV"
  /// System configuration 2.
  case dsc2 = "DSC2"
}

/// The data chips. They have no behaviour that a program can see beyond four registers, in which
/// each of the eight chips supplies one byte.
public final class Dchip {
  private static let everyByte: UInt64 = 0x0101_0101_0101_0101

  /// Every register with its offset, access rules and reset value.
  public static let registerMap = RegisterMap<DchipRegister>(
    width: .quadword,
    [
      Register(.dsc, at: 0x800, .readOnly(), reset: 0x43 * everyByte),
      Register(.str, at: 0x840, .readWrite(), reset: 0x25 * everyByte),
      Register(.drev, at: 0x880, .readOnly(), reset: 0x01 * everyByte),
      Register(.dsc2, at: 0x8C0, .readOnly(), reset: 0x03 * everyByte),
    ])

  private var registers = RegisterFile(registerMap)

  /// The chips after reset.
  public init() {}

  /// Returns every register to its reset value.
  public func reset() { registers.reset() }
}

extension Dchip: BusDevice {
  /// Reads a register.
  public func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64 {
    registers[try Self.registerMap.register(at: offset, width).name]
  }

  /// Writes a register.
  public func write(
    _ offset: UInt64, _ width: AccessWidth, _ value: UInt64
  ) throws(AccessRefusal) {
    registers.write(try Self.registerMap.register(at: offset, width).name, value)
  }
}

extension Dchip: Snapshotting {
  /// The registers.
  public struct Saved: Codable, Equatable, Sendable {
    /// Values by register name.
    public var registers: [String: UInt64]
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// The present state.
  public func save() -> Saved { Saved(registers: registers.save()) }

  /// Restores the registers.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    do {
      try registers.restore(saved.registers)
    } catch {
      throw RestoreFault("Dchip: \(error)")
    }
  }
}
