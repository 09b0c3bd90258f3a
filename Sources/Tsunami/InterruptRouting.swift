public import PCI

/// How the Clipper board wires interrupts to the DRIR inputs of the Cchip.
public enum InterruptRouting {
  /// The output of the ISA bridge's interrupt controllers.
  public static let isaBridge = 55

  /// The slots with wired interrupt pins. Guests know no others: in a higher slot they fall back
  /// to an ISA interrupt number.
  public static let slots = 1...6

  /// The DRIR bit of an interrupt pin: four for each slot, from bit 8 on. Nil for a slot without
  /// wires.
  public static func inputBit(slot: Int, pin: InterruptPin) -> Int? {
    guard slots.contains(slot) else { return nil }
    return (slot + 1) * 4 + Int(pin.rawValue) - 1
  }
}
