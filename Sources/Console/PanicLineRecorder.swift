/// A serial line that remembers the last line of output in which the guest spoke of a panic, so that
/// the end of a run can quote it. Everything else passes through unchanged.
public final class PanicLineRecorder: EndpointFilter {
  /// What Linux ("Kernel panic - not syncing: ..."), NetBSD ("panic: ...") and others have in common.
  private static let keyword = Array("panic".utf8)
  /// Longest part of a line that is kept, in bytes.
  private static let lineLimit = 240

  /// Where output goes.
  public let next: any CharacterEndpoint

  private var line: [UInt8] = []
  private var lastMention: [UInt8] = []

  /// Listens to what goes to `next`.
  public init(_ next: any CharacterEndpoint) { self.next = next }

  /// The last line that mentions a panic, the present one included; control characters are left
  /// out. Nil if there was none.
  public var panicLine: String? {
    let bytes = Self.mentionsPanic(line) ? line : lastMention
    let text = String(decoding: bytes, as: UTF8.self).unicodeScalars
      .filter { $0.properties.generalCategory != .control }
    return text.isEmpty ? nil : String(String.UnicodeScalarView(text))
  }

  /// Passes the byte on.
  public func send(_ byte: UInt8) {
    next.send(byte)
    if byte == UInt8(ascii: "\n") {
      if Self.mentionsPanic(line) { lastMention = line }
      line.removeAll(keepingCapacity: true)
    } else if line.count < Self.lineLimit {
      line.append(byte)
    }
  }

  private static func mentionsPanic(_ line: [UInt8]) -> Bool {
    line.indices.contains { start in
      line[start...].prefix(keyword.count).elementsEqual(keyword) { $0 | 0x20 == $1 }
    }
  }
}
