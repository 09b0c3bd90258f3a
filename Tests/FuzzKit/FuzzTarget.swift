import DiskImages

/// What can be fuzzed: each target takes any bytes and does with them all that a hostile guest or
/// image could make the program do.
///
/// `scripts/fuzz` searches for inputs; the ones worth keeping lie in `Corpus/` and are replayed by
/// the ordinary tests.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A damaged qcow2 image and what its user does with it: ``DiskImageFuzz``.
  case qcow2
  /// A damaged gzip image or a forged index, and reads: ``GzipFuzz``.
  case gzip
  /// An NBD server that breaks the protocol, and a client's requests: ``NBDFuzz``.
  case nbd

  /// Runs one input.
  ///
  /// - Throws: ``FuzzFinding`` when a promise was broken. A crash or a hang is a finding too.
  public func run(_ bytes: [UInt8]) throws(FuzzFinding) {
    switch self {
    case .qcow2: try DiskImageFuzz.run(bytes)
    case .gzip: try GzipFuzz.run(bytes)
    case .nbd: try NBDFuzz.run(bytes)
    }
  }
}

/// A promise that did not hold.
public struct FuzzFinding: Error, CustomStringConvertible {
  /// What happened, and what should have.
  public var description: String

  init(_ description: String) { self.description = description }

  /// The line that a fault is for its user; two lines break a promise.
  static func line(of fault: ImageFault) throws(FuzzFinding) -> String {
    let line = fault.description
    if line.contains(where: \.isNewline) { throw FuzzFinding("a fault of two lines: \(line)") }
    return line
  }
}

/// Takes an input apart; behind its end all is zero.
struct FuzzInput {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func byte() -> UInt8 {
    defer { position += 1 }
    return position < bytes.count ? bytes[position] : 0
  }

  mutating func word() -> Int { Int(byte()) << 8 | Int(byte()) }

  mutating func quadword() -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<8 { value = value << 8 | UInt64(byte()) }
    return value
  }

  mutating func array(_ count: Int) -> [UInt8] {
    defer { position += count }
    return Array(bytes.dropFirst(position).prefix(count))
  }
}
