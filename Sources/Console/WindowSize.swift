/// How many characters a terminal shows.
public struct WindowSize: Hashable, Sendable, Codable {
  /// Characters in a line.
  public var columns: UInt16
  /// Lines.
  public var rows: UInt16

  /// A size in characters.
  public init(columns: UInt16, rows: UInt16) {
    self.columns = columns
    self.rows = rows
  }
}
