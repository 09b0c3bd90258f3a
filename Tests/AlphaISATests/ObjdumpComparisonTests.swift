import AlphaISA
import Foundation
import SeededRandom
import Testing

/// Disassembles random words with GNU objdump and with ours; the texts must be equal.
/// `scripts/check-disassembler` runs it over more words, with another seed.
@Suite("Disassembler against objdump")
struct ObjdumpComparisonTests {
  private static let environment = ProcessInfo.processInfo.environment

  private static let objdump = environment["PATH", default: "/usr/bin"].split(separator: ":")
    .map { $0 + "/alpha-linux-gnu-objdump" }
    .first(where: FileManager.default.isExecutableFile)

  /// A number from the environment: set by the script, and then it must be one.
  private static func setting(_ name: String, or value: UInt64) throws -> UInt64 {
    guard let text = environment["BREAKWATER_DISASSEMBLER_" + name] else { return value }
    return try #require(UInt64(text), "\(name) is not a number: \(text)")
  }

  @Test(
    "Every text equals objdump's",
    .enabled(
      if: objdump != nil,
      "alpha-linux-gnu-objdump is missing: the disassembler is NOT compared (install binutils-alpha-linux-gnu)"
    ))
  func equalsObjdump() throws {
    var words = WordGenerator(seed: try Self.setting("SEED", or: 1))
    var remaining = try Self.setting("WORDS", or: 200_000)
    while remaining > 0 {
      let count = min(remaining, 1 << 18)
      try compare((0..<count).map { _ in words.next() }, at: words.nextAddress())
      remaining -= count
    }
  }

  private func compare(_ words: [UInt32], at base: UInt64) throws {
    let lines = try disassembleWithObjdump(words, at: base)
    var ours: [UInt8] = []
    ours.reserveCapacity(lines.count)
    for (index, word) in words.enumerated() {
      let text = Disassembler.text(
        for: InstructionWord(rawValue: word), at: base &+ UInt64(4 * index))
      ours.append(contentsOf: text.utf8)
      ours.append(UInt8(ascii: "\n"))
    }
    if ours == lines { return }

    let theirs = String(decoding: lines, as: UTF8.self).split(separator: "\n")
    try #require(theirs.count == words.count, "objdump printed another number of lines")
    let pairs = zip(String(decoding: ours, as: UTF8.self).split(separator: "\n"), theirs)
    for (word, pair) in zip(words, pairs).filter({ $1.0 != $1.1 }).prefix(20) {
      Issue.record("\(String(word, radix: 16)): \(pair.0), but objdump: \(pair.1)")
    }
  }

  /// The texts, one line each, a space where objdump has a tab.
  private func disassembleWithObjdump(_ words: [UInt32], at base: UInt64) throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("breakwater-\(UUID().uuidString).words")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
      .write(to: file)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.objdump))
    process.arguments = [
      "-D", "-z", "--no-show-raw-insn", "-b", "binary", "-m", "alpha:ev6",
      "--adjust-vma=0x\(String(base, radix: 16))", file.path,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)

    // "address:<tab>mnemonic<tab>operands", sometimes with the last tab but no operands; lines
    // without a tab are headings.
    let (tab, space, newline) = (UInt8(ascii: "\t"), UInt8(ascii: " "), UInt8(ascii: "\n"))
    var lines: [UInt8] = []
    lines.reserveCapacity(output.count)
    var isText = false
    for byte in output {
      if isText {
        if byte == newline && lines.last == space { lines.removeLast() }
        lines.append(byte == tab ? space : byte)
      }
      if byte == newline { isText = false } else if byte == tab { isText = true }
    }
    return lines
  }
}

/// Random instruction words in which every opcode and function, and the register numbers that make
/// macros, are frequent. The same seed gives the same words.
private struct WordGenerator {
  private var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed) }

  private static let miscellaneous = InstructionTable.rows.filter { $0.opcode == 0x18 }
    .map { UInt32($0.function) }

  private var nextOpcodeAndFunction: UInt32 = 0

  mutating func next() -> UInt32 {
    var word = UInt32(truncatingIfNeeded: random.next())
    let choice = random.next()
    if choice & 3 == 0 { return word }

    // All 64 opcodes with all values of bits 15:5 in turn (the step is coprime to 2^17).
    nextOpcodeAndFunction = (nextOpcodeAndFunction &+ 0x0a3d5) & 0x1ffff
    word = word & 0x03ff_001f | (nextOpcodeAndFunction >> 11) << 26
    word |= (nextOpcodeAndFunction & 0x7ff) << 5
    if choice & 0x0c == 0 { word |= 31 << 21 }
    if choice & 0x30 == 0 { word |= 31 << 16 }
    if choice & 0x40 == 0 { word = word & ~(31 << 16) | ((word >> 21) & 31) << 16 }
    switch choice >> 8 & 7 {
    case 0, 1: word |= 31
    case 2: word = word & ~31 | ((word >> 21) & 31)
    case 3: word &= ~31
    default: break
    }
    // Opcode 0x18 has its functions in bits 15:0, and bits 4:0 of all twelve are zero.
    if word >> 26 == 0x18, choice & 0x2000 == 0 {
      word = word & ~0xffff | Self.miscellaneous[Int(choice >> 16) % Self.miscellaneous.count]
    }
    // Few call_pal functions have a name.
    if word >> 26 == 0, choice & 0x1000 == 0 { word &= 0xff }
    return word
  }

  /// Where the words are: user, kernel or firmware addresses.
  mutating func nextAddress() -> UInt64 {
    let offset = random.next() & 0x0fff_fffc
    return switch random.next() & 3 {
    case 0: offset
    case 1: 0x1_2000_0000 | offset
    case 2: 0xffff_fc00_0000_0000 | offset
    default: 0xffff_ffff_8000_0000 | offset
    }
  }
}
