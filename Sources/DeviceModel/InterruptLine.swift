/// A level-sensitive wire. A device holds the wire, never an interrupt number; a line without a
/// receiver is detached, as tests use it.
public final class InterruptLine {
  /// Whether the wire is asserted.
  public private(set) var isAsserted = false
  private let didChange: ((Bool) -> Void)?

  /// A wire that reports every change of level.
  public init(_ didChange: ((Bool) -> Void)? = nil) { self.didChange = didChange }

  /// Drives the wire; a level that does not change is not reported.
  public func drive(_ asserted: Bool) {
    guard asserted != isAsserted else { return }
    isAsserted = asserted
    didChange?(asserted)
  }
}
