import AlphaISA
import Foundation

/// A random program for the harness `firmware/differential`: instructions that may trap, run in user
/// or kernel mode with its exceptions logged.
///
/// R27 to R29 are the generator's own, R30 points behind the first page of the sandbox; the others are
/// random. The sandbox's pages differ in protection, see `sandbox.c`.
struct SystemProgram: Equatable {
  typealias Unit = DifferentialProgram.Unit

  static let sandbox: UInt64 = 0x2000_0000
  static let pageByteCount = 0x2000
  static let codePhysical: UInt64 = 0x110_0000 + 0x1E00
  static let code: UInt64 = 0x2010_0000 + 0x1E00
  static let maximumWords = 0x6200 / 4

  /// What it runs under, here and there.
  var firmware = SystemRun.firmware[0]
  var isUser = false
  /// FEN at the start.
  var floatEnabled = true
  /// The harness repairs what an operating system would, instead of skipping the instruction.
  var repairs = false
  var priority = 0
  /// What the sandbox is filled from.
  var seed: UInt64 = 1
  var fpcr: UInt64 = 2 << 58
  var registers = [UInt64](repeating: 0, count: 64)
  var units: [Unit] = []

  /// The instructions with their end, a BUGCHK.
  var words: [UInt32] { DifferentialProgram.layOut(units) + [Encode.callPAL(0x81)] }

  /// Where each word but the end comes from.
  var locations: [DifferentialProgram.Location] {
    units.indices.flatMap { unit in
      units[unit].words.indices.map { .init(chunk: 0, unit: unit, word: $0) }
    }
  }

  subscript(location: DifferentialProgram.Location) -> UInt32 {
    get { units[location.unit].words[location.word] }
    set { units[location.unit].words[location.word] = newValue }
  }

  var hasArithmetic: Bool {
    units.contains { $0.words.contains { FloatCase.isArithmetic(.init(rawValue: $0)) } }
  }

  /// `struct program` of the harness.
  private var bytes: [UInt8] {
    var bytes = LittleEndianBytes()
    let flags =
      (isUser ? 1 : 0) | (floatEnabled ? 2 : 0) | (repairs ? 4 : 0) | UInt64(priority) << 4
    let words = words
    for value in [flags, seed, fpcr, UInt64(words.count)] { bytes.append(value, byteCount: 8) }
    for (index, value) in registers.enumerated() {
      bytes.append(
        index == 30 ? Self.sandbox + UInt64(Self.pageByteCount) : value, byteCount: 8)
    }
    for word in words + (words.count % 2 == 0 ? [] : [0]) { bytes.append(word, byteCount: 4) }
    return bytes.bytes
  }

  /// The harness's initial RAM disk.
  static func batch(_ programs: [SystemProgram], verbose: Bool = false) -> [UInt8] {
    var bytes = LittleEndianBytes()
    for value in [0x4843_5441_424B_5242, UInt64(programs.count), verbose ? 1 : 0] {
      bytes.append(value, byteCount: 8)
    }
    for program in programs { bytes.bytes += program.bytes }
    return bytes.bytes
  }
}
