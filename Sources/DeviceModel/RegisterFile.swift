/// The values of the registers of a ``RegisterMap``.
public struct RegisterFile<Name: RegisterName>: Sendable {
  private let map: RegisterMap<Name>
  private var values: [UInt64]

  /// Registers with their reset values.
  public init(_ map: RegisterMap<Name>) {
    self.map = map
    values = map.registers.map(\.reset)
  }

  /// A register's value as the chip sees and sets it, without access rules.
  public subscript(name: Name) -> UInt64 {
    get { values[map.index(of: name)] }
    set { values[map.index(of: name)] = newValue }
  }

  /// Applies a write from the bus under the register's access rules.
  public mutating func write(_ name: Name, _ value: UInt64) {
    let index = map.index(of: name)
    values[index] = map.registers[index].access.result(of: value, over: values[index])
  }

  /// Gives every register its reset value.
  public mutating func reset() { values = map.registers.map(\.reset) }

  /// The values by register name.
  public func save() -> [String: UInt64] {
    Dictionary(
      uniqueKeysWithValues: zip(map.registers, values).map { ($0.name.rawValue, $1) })
  }

  /// Restores saved values, or throws and changes nothing: every register must be there, no other,
  /// and bits that cannot change must have their reset value.
  public mutating func restore(_ saved: [String: UInt64]) throws(RestoreFault) {
    if saved.count != values.count {
      throw RestoreFault("\(saved.count) registers, not \(values.count)")
    }
    var restored: [UInt64] = []
    for register in map.registers {
      guard let value = saved[register.name.rawValue] else {
        throw RestoreFault("register \(register.name.rawValue) is missing")
      }
      guard (value ^ register.reset) & ~register.access.changeable == 0 else {
        throw RestoreFault(
          "register \(register.name.rawValue) cannot hold 0x\(String(value, radix: 16))")
      }
      restored.append(value)
    }
    values = restored
  }
}
