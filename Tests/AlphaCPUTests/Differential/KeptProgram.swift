import Foundation

/// A program that showed a difference once, as a text file: comments, the program, `=`, and what it
/// must do. `scripts/differential` writes one with what the peer did; it is replayed without the peer.
struct KeptProgram {
  static let folder = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../DifferentialPrograms").standardized

  var comments: [String] = []
  var program: any ComparedProgram
  var expected: [String]

  static let files =
    ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
    ?? []).filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }

  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  init(_ program: any ComparedProgram, expected: [String], comments: [String]) {
    (self.program, self.expected, self.comments) = (program, expected, comments)
  }

  init(_ text: String) throws {
    let lines = text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    guard let separator = lines.firstIndex(of: "="), let kind = lines.first else {
      throw Malformed(description: "a program, a line with '=', and what it must do")
    }
    expected = Array(lines[(separator + 1)...])
    let fields = lines[1..<separator].map { line in
      let words = line.split(separator: " ")
      return (String(words[0]), words.count > 1 ? String(words[1]) : "")
    }
    program =
      kind.hasPrefix("system")
      ? try SystemProgram(kind, fields) : try DifferentialProgram(fields)
  }

  var text: String {
    (comments.map { "# " + $0 } + program.lines + ["="] + expected).joined(separator: "\n") + "\n"
  }
}

extension KeptProgram {
  static func number(_ text: String) throws -> UInt64 {
    guard let value = UInt64(text, radix: 16) else {
      throw Malformed(description: "'\(text)' is no hexadecimal number")
    }
    return value
  }

  /// The index among R0 to R31, F0 to F31 that a name like `r3` has.
  static func register(_ name: String) -> Int? {
    guard name.count <= 3, let number = Int(name.dropFirst()), 0..<32 ~= number else { return nil }
    return name.hasPrefix("r") ? number : name.hasPrefix("f") ? 32 + number : nil
  }
}

// MARK: - User mode

extension DifferentialProgram: ComparedProgram {
  static let parts = [ProgramPart.units, .registers, .memory]

  func count(of part: ProgramPart) -> Int {
    switch part {
    case .units: chunks.reduce(0) { $0 + $1.count }
    case .registers: registers.count
    case .memory: sandbox.count
    }
  }

  mutating func clear(_ part: ProgramPart, _ range: Range<Int>) {
    switch part {
    case .units:
      var index = 0
      for chunk in chunks.indices {
        for unit in chunks[chunk].indices {
          if range.contains(index) { chunks[chunk][unit] = .init(words: []) }
          index += 1
        }
      }
      if let last = chunks.lastIndex(where: { $0.contains { !$0.words.isEmpty } }) {
        // What is left behind by the last instruction is of no use; the units stay countable.
        while chunks.count > last + 1, let empty = chunks.popLast() { chunks[last] += empty }
      }
    case .registers: for index in range { registers[index] = 0 }
    case .memory: for index in range { sandbox[index] = 0 }
    }
  }

  func comparable() throws -> Self { hasArithmetic ? try OwnRun(self).leavingOut().program : self }

  func outcome() throws -> [String] { try lines(of: OwnRun(self).output()) }
  func peerOutcome() throws -> [String] { try lines(of: Peer.run(image)) }

  /// What an output says: registers at each checkpoint, then memory.
  private func lines(of output: [UInt8]) throws -> [String] {
    guard output.count == outputByteCount else {
      throw Peer.Failure(description: "wrote \(output.count) bytes")
    }
    func value(_ offset: Int) -> UInt64 { ReferenceALU.join(output[offset..<offset + 8]) }
    var trace = RegisterTrace(registers, fpcr: 2 << 58)
    var lines: [String] = []
    for chunk in chunks.indices {
      lines.append("checkpoint \(chunk)")
      let start = Self.sandboxByteCount + chunk * Self.checkpointByteCount
      for slot in 0..<64 where !(29...31 ~= slot) {
        let name = slot == 63 ? "fpcr" : RegisterTrace.name(slot)
        let text = String(value(start + 8 * slot), radix: 16)
        if trace.isNews(name, text) { lines.append(name + " " + text) }
      }
    }
    for index in sandbox.indices where value(8 * index) != sandbox[index] {
      lines.append(
        "m" + String(8 * index, radix: 16) + " " + String(value(8 * index), radix: 16))
    }
    return lines
  }

  var lines: [String] {
    ["user mode"] + registers.registerLines
      + sandbox.enumerated().filter { $0.element != 0 }
      .map { "m" + String(8 * $0.offset, radix: 16) + " " + String($0.element, radix: 16) }
      + chunks.flatMap { Self.layOut($0).instructionLines + ["checkpoint"] }
  }

  fileprivate init(_ fields: [(name: String, value: String)]) throws {
    self.init(
      chunks: [[]], registers: .init(repeating: 0, count: 64),
      sandbox: .init(repeating: 0, count: Self.sandboxByteCount / 8))
    for (name, value) in fields {
      if name == "checkpoint" {
        chunks.append([])
      } else if let register = KeptProgram.register(name) {
        registers[register] = try KeptProgram.number(value)
      } else if name.hasPrefix("m") {
        let index = Int(try KeptProgram.number(String(name.dropFirst()))) / 8
        guard sandbox.indices.contains(index) else {
          throw KeptProgram.Malformed(description: "\(name) lies outside the sandbox")
        }
        sandbox[index] = try KeptProgram.number(value)
      } else {
        chunks[chunks.count - 1].append(
          .init(words: [UInt32(truncatingIfNeeded: try KeptProgram.number(name))]))
      }
    }
    chunks.removeLast()
  }
}

// MARK: - System

extension SystemProgram: ComparedProgram {
  static let parts = [ProgramPart.units, .registers]

  func count(of part: ProgramPart) -> Int {
    switch part {
    case .units: units.count
    case .registers: registers.count
    case .memory: 0
    }
  }

  mutating func clear(_ part: ProgramPart, _ range: Range<Int>) {
    switch part {
    case .units: for index in range { units[index] = .init(words: []) }
    case .registers: for index in range { registers[index] = 0 }
    case .memory: break
    }
  }

  func comparable() throws -> Self {
    try SystemRun.leavingOut(self, PeerDeviation.system).program
  }

  func outcome() throws -> [String] {
    lines(of: try SystemRun([self], verbose: true, firmware: firmware).output())
  }
  func peerOutcome() throws -> [String] {
    lines(of: try Peer.run([self], verbose: true, firmware: firmware))
  }

  private func lines(of log: [String]) -> [String] {
    var trace = RegisterTrace(registers, fpcr: fpcr)
    return log.dropLast().filter { line in
      let words = line.split(separator: " ")
      return words.count != 2 || trace.isNews(String(words[0]), String(words[1]))
    }
  }

  var lines: [String] {
    [
      "system" + (isUser ? " user" : " kernel") + (floatEnabled ? "" : " float-disabled")
        + (repairs ? " repairs" : ""),
      "priority \(priority)", "seed " + String(seed, radix: 16), "fpcr " + String(fpcr, radix: 16),
    ] + registers.registerLines + DifferentialProgram.layOut(units).instructionLines
  }

  fileprivate init(_ kind: String, _ fields: [(name: String, value: String)]) throws {
    let words = kind.split(separator: " ")
    isUser = words.contains("user")
    floatEnabled = !words.contains("float-disabled")
    repairs = words.contains("repairs")
    for (name, value) in fields {
      switch name {
      case "priority": priority = Int(try KeptProgram.number(value)) & 7
      case "seed": seed = try KeptProgram.number(value)
      case "fpcr": fpcr = try KeptProgram.number(value)
      default:
        if let register = KeptProgram.register(name) {
          registers[register] = try KeptProgram.number(value)
        } else {
          units.append(.init(words: [UInt32(truncatingIfNeeded: try KeptProgram.number(name))]))
        }
      }
    }
  }
}
