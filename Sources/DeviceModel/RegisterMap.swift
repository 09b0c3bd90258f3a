/// How the bits of one register behave. Bits in no mask are read-only and keep their reset value.
public struct RegisterAccess: Equatable, Sendable {
  /// Bits that a write stores.
  public var writable: UInt64 = 0
  /// Bits that writing one clears.
  public var writeOneToClear: UInt64 = 0
  /// Bits that writing one sets.
  public var writeOneToSet: UInt64 = 0
  /// Bits that only the chip itself changes.
  public var hardware: UInt64 = 0

  /// Writes are ignored; the chip may change the bits of `hardware`.
  public static func readOnly(hardware: UInt64 = 0) -> RegisterAccess {
    RegisterAccess(hardware: hardware)
  }

  /// Writes store the bits of `mask`.
  public static func readWrite(mask: UInt64 = .max) -> RegisterAccess {
    RegisterAccess(writable: mask)
  }

  /// Reads zero; what a write does is up to the chip.
  public static let writeOnly = RegisterAccess()

  /// A register whose fields behave differently.
  public static func fields(
    writable: UInt64 = 0, writeOneToClear: UInt64 = 0, writeOneToSet: UInt64 = 0,
    hardware: UInt64 = 0
  ) -> RegisterAccess {
    RegisterAccess(
      writable: writable, writeOneToClear: writeOneToClear, writeOneToSet: writeOneToSet,
      hardware: hardware)
  }

  /// What a register that holds `old` holds after `value` is written to it.
  public func result(of value: UInt64, over old: UInt64) -> UInt64 {
    let stored = (old & ~writable) | (value & writable)
    return (stored & ~(value & writeOneToClear)) | (value & writeOneToSet)
  }

  /// All bits that can differ from their reset value.
  public var changeable: UInt64 { writable | writeOneToClear | writeOneToSet | hardware }
}

/// One line of a register table.
public struct Register<Name: RegisterName>: Sendable {
  /// The register's name in the manual.
  public let name: Name
  /// Bytes from the start of the block.
  public let offset: UInt64
  /// How its bits behave.
  public let access: RegisterAccess
  /// Its value after reset.
  public let reset: UInt64

  /// Describes a register.
  public init(_ name: Name, at offset: UInt64, _ access: RegisterAccess, reset: UInt64 = 0) {
    self.name = name
    self.offset = offset
    self.access = access
    self.reset = reset
  }
}

/// The names of a block's registers; the raw value is the name in the manual and in saved state.
public typealias RegisterName = Hashable & RawRepresentable<String> & Sendable

/// The register table of a block whose registers have one access width.
public struct RegisterMap<Name: RegisterName>: Sendable {
  /// The table, in its own order.
  public let registers: [Register<Name>]
  private let width: AccessWidth
  private let indexByOffset: [UInt64: Int]
  private let indexByName: [Name: Int]

  /// A table.
  ///
  /// - Precondition: names and offsets are unique.
  public init(width: AccessWidth, _ registers: [Register<Name>]) {
    self.registers = registers
    self.width = width
    indexByOffset = Dictionary(
      uniqueKeysWithValues: registers.enumerated().map { ($1.offset, $0) })
    indexByName = Dictionary(uniqueKeysWithValues: registers.enumerated().map { ($1.name, $0) })
  }

  /// The register that an access reaches.
  public func register(
    at offset: UInt64, _ width: AccessWidth
  ) throws(AccessRefusal) -> Register<Name> {
    guard offset.isMultiple(of: UInt64(width.rawValue)) else { throw .misaligned }
    guard width == self.width else { throw .badWidth }
    guard let index = indexByOffset[offset] else { throw .noRegister }
    return registers[index]
  }

  /// The table's line for a name.
  ///
  /// - Precondition: the table has the name.
  public subscript(name: Name) -> Register<Name> { registers[index(of: name)] }

  /// The position of a name in the table.
  func index(of name: Name) -> Int {
    guard let index = indexByName[name] else {
      preconditionFailure("register \(name.rawValue) is missing in its table")
    }
    return index
  }
}
