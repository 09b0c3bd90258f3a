/// State that can be saved to and restored from plain, versioned data.
///
/// `Saved` is never the runtime type. Restoring is a trust boundary: every value is checked.
public protocol Snapshotting: AnyObject {
  /// Plain data.
  associatedtype Saved: Codable & Equatable & Sendable
  /// Raised whenever `Saved` changes its meaning.
  static var savedVersion: Int { get }
  /// The present state.
  func save() -> Saved
  /// Replaces the state, or throws and leaves it as it was.
  func restore(_ saved: Saved) throws(RestoreFault)
}

/// Why saved state was refused.
public struct RestoreFault: Error, Equatable, CustomStringConvertible {
  /// What was wrong, in one line.
  public let description: String
  /// Describes what was wrong.
  public init(_ description: String) { self.description = description }
}
