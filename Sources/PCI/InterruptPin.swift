/// The interrupt pin a function drives, numbered as the Interrupt Pin register does (PCI 2.2, 6.2.4).
public enum InterruptPin: UInt8, Sendable, Codable, CaseIterable {
  /// INTA#.
  case a = 1
  /// INTB#.
  case b = 2
  /// INTC#.
  case c = 3
  /// INTD#.
  case d = 4
}
