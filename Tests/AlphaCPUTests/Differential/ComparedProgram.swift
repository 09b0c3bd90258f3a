import AlphaISA

/// A program that runs here and on the peer, and of which parts can be taken away.
protocol ComparedProgram: Equatable {
  /// What becomes smaller when a failure is shrunk.
  static var parts: [ProgramPart] { get }
  func count(of part: ProgramPart) -> Int
  mutating func clear(_ part: ProgramPart, _ range: Range<Int>)

  /// Without what the peer is known to do differently.
  func comparable() throws -> Self
  /// What it does here: one line for each thing that it changed.
  func outcome() throws -> [String]
  /// What it does on the peer.
  func peerOutcome() throws -> [String]
  /// The lines that describe it in a ``KeptProgram``.
  var lines: [String] { get }
}

enum ProgramPart { case units, registers, memory }

extension ComparedProgram {
  /// The first difference, or nil.
  func difference() throws -> String? {
    func run(_ body: () throws -> [String]) throws -> [String] {
      do { return try body() } catch let failure as Peer.Failure { return [failure.description] }
    }
    let ours = try run(outcome)
    let theirs = try run(peerOutcome)
    guard ours != theirs else { return nil }
    let index = zip(ours, theirs).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    let place = index ?? min(ours.count, theirs.count)
    func line(_ lines: [String]) -> String { place < lines.count ? lines[place] : "nothing" }
    let group = ours.prefix(place).last { $0.hasPrefix("entry") || $0.hasPrefix("checkpoint") }
    return (group.map { $0 + ": " } ?? "") + "ours \(line(ours)), the peer's \(line(theirs))"
  }

  /// A program with as little as possible that still differs.
  func shrunk() throws -> Self {
    var smallest = self
    for part in Self.parts {
      var size = count(of: part)
      while size >= 1 {
        for start in stride(from: 0, to: count(of: part), by: size) {
          var candidate = smallest
          candidate.clear(part, start..<min(start + size, count(of: part)))
          // A part of a program meets cases that the whole did not.
          if candidate != smallest, try candidate.comparable().difference() != nil {
            smallest = candidate
          }
        }
        size /= 2
      }
    }
    return try smallest.comparable()
  }
}

/// Outcomes list only what is not as it was.
struct RegisterTrace {
  private var last: [String: String]

  init(_ registers: [UInt64], fpcr: UInt64) {
    last = ["fpcr": String(fpcr, radix: 16)]
    for (index, value) in registers.enumerated() {
      last[Self.name(index)] = String(value, radix: 16)
    }
  }

  /// The name of one of R0 to R31, F0 to F31.
  static func name(_ index: Int) -> String { index < 32 ? "r\(index)" : "f\(index - 32)" }

  /// False for a register that still has its value.
  mutating func isNews(_ name: String, _ value: String) -> Bool {
    guard let known = last[name] else { return true }
    last[name] = value
    return known != value
  }
}

extension Array where Element == UInt64 {
  /// `r1 ffff`, for those that are not zero.
  var registerLines: [String] {
    enumerated().filter { $0.element != 0 }
      .map { RegisterTrace.name($0.offset) + " " + String($0.element, radix: 16) }
  }
}

extension Array where Element == UInt32 {
  /// `47ff041f nop`.
  var instructionLines: [String] {
    map {
      let digits = String($0, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits + "  "
        + Disassembler.text(for: .init(rawValue: $0), at: 0)
    }
  }
}
