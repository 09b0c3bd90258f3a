import AlphaISA

/// A random program for the engine and the peer: chunks of valid user-mode instructions, each
/// followed by code that appends all registers to a log, and at the end a write of memory and log.
///
/// The program is a Linux executable of one segment. R27 counts loops or hashes the PCs of
/// arithmetic traps, R28 holds addresses and jump targets, R29 the end of the log, R30 the middle of
/// the sandbox; the other registers are random.
struct DifferentialProgram: Equatable {
  /// Instructions that stay together, so that a part can be taken away without changing the rest.
  struct Unit: Equatable {
    var words: [UInt32]
    /// The last word is a branch that skips this many of the following units.
    var skips: Int?
  }

  static let base: UInt64 = 0x1_2000_0000
  /// Where Linux starts the program: installs the handler of arithmetic traps and goes on to
  /// ``entryOffset``, where our engine starts it.
  static let startOffset: UInt64 = 0x400
  static let entryOffset: UInt64 = 0x1000
  static let registersOffset: UInt64 = 0x2000
  static let signalStackOffset: UInt64 = 0x2400
  static let sandboxOffset: UInt64 = 0x4000
  static let sandboxByteCount = 0x4000
  static let logOffset: UInt64 = 0x8000
  static let codeOffset: UInt64 = 0x2_0000
  /// R0 to R28 at their numbers, F0 to F30 behind them, then the FPCR.
  static let checkpointByteCount = 512
  static let maximumChunks = 190

  var chunks: [[Unit]]
  /// R0 to R31, then F0 to F31.
  var registers: [UInt64]
  var sandbox: [UInt64]

  /// Bytes that the program writes: the sandbox and all checkpoints.
  var outputByteCount: Int { Self.sandboxByteCount + chunks.count * Self.checkpointByteCount }

  // MARK: - The executable

  /// The whole segment, ELF header first, as it lies in memory from ``base``.
  var image: [UInt8] {
    let code =
      chunks.flatMap { Self.layOut($0) + Self.checkpoint }
      + Self.ending(byteCount: outputByteCount)

    var image = elfHeader(byteCount: Self.codeOffset + 4 * UInt64(code.count))
    image.pad(to: Self.startOffset)
    for word in Self.start { image.append(word, byteCount: 4) }
    image.pad(to: Self.signalDataOffset)
    for value in Self.signalData { image.append(value, byteCount: 8) }
    image.pad(to: Self.entryOffset)
    for word in Self.opening(to: Self.codeOffset) { image.append(word, byteCount: 4) }
    image.pad(to: Self.registersOffset)
    for value in registers { image.append(value, byteCount: 8) }
    image.pad(to: Self.sandboxOffset)
    for value in sandbox { image.append(value, byteCount: 8) }
    image.pad(to: Self.codeOffset)
    for word in code { image.append(word, byteCount: 4) }
    return image.bytes
  }

  /// Where in the program each word at ``codeOffset`` comes from; nil for a checkpoint's.
  var codeLocations: [Location?] {
    chunks.indices.flatMap { chunk in
      let units = chunks[chunk].indices.flatMap { unit in
        chunks[chunk][unit].words.indices.map { Location(chunk: chunk, unit: unit, word: $0) }
      }
      return units + [Location?](repeating: nil, count: Self.checkpoint.count)
    }
  }

  /// Whether it has IEEE arithmetic, so that ``PeerDeviation`` matters.
  var hasArithmetic: Bool {
    chunks.joined().contains {
      $0.words.contains { FloatCase.isArithmetic(InstructionWord(rawValue: $0)) }
    }
  }

  struct Location: Equatable {
    var chunk, unit, word: Int
  }

  subscript(location: Location) -> UInt32 {
    get { chunks[location.chunk][location.unit].words[location.word] }
    set { chunks[location.chunk][location.unit].words[location.word] = newValue }
  }

  /// Units one behind the other, with the branches that skip some of them.
  static func layOut(_ units: [Unit]) -> [UInt32] {
    var words: [UInt32] = []
    for (index, unit) in units.enumerated() {
      words += unit.words
      guard let skips = unit.skips, let branch = words.popLast() else { continue }
      let skipped = units[(index + 1)...].prefix(skips).reduce(0) { $0 + $1.words.count }
      words.append(branch & ~0x1F_FFFF | UInt32(skipped))
    }
    return words
  }

  /// R30 and R29 from the PC, all other registers from their table, then on to the code.
  private static func opening(to code: UInt64) -> [UInt32] {
    let here = entryOffset + 4
    var words = [
      Encode.branch(.br, 30, 0),
      Encode.lda(28, Int(registersOffset) - Int(here), 30),
      Encode.lda(29, Int(logOffset) - Int(here), 30),
      Encode.lda(30, Int(sandboxOffset) + sandboxByteCount / 2 - Int(here), 30),
    ]
    for register in 0...27 { words.append(Encode.ldq(register, 8 * register, 28)) }
    for register in 0...30 { words.append(Encode.memory(.ldt, register, 256 + 8 * register, 28)) }
    words += [
      // Rounding to nearest, no status, no trap disabled.
      Encode.lda(28, 2), Encode.operate(.sll, 28, literal: 58, 28),
      Encode.float(.itoft, 28, 31, 30), Encode.float(.mtFPCR, 30, 30, 30),
      Encode.operate(.bis, 31, 31, 28),
    ]
    let next = entryOffset + 4 * UInt64(words.count + 1)
    words.append(Encode.branch(.br, 31, (Int(code) - Int(next)) / 4))
    return words
  }

  private static let checkpoint: [UInt32] = {
    var words: [UInt32] = []
    for register in 0...28 { words.append(Encode.stq(register, 8 * register, 29)) }
    for register in 0...30 { words.append(Encode.memory(.stt, register, 256 + 8 * register, 29)) }
    // CPYS clears SUM, which the peer does not derive.
    words += [
      Encode.float(.mfFPCR, 30, 30, 30), Encode.float(.cpys, 31, 30, 30),
      Encode.memory(.stt, 30, 504, 29), Encode.memory(.ldt, 30, 496, 29),
      Encode.lda(29, checkpointByteCount, 29),
    ]
    return words
  }()

  /// write(1, sandbox, byteCount), exit(0).
  private static func ending(byteCount: Int) -> [UInt32] {
    [
      Encode.lda(0, 4), Encode.lda(16, 1), Encode.lda(17, -sandboxByteCount / 2, 30),
      Encode.memory(.ldah, 18, (byteCount + 0x8000) >> 16, 31),
      Encode.lda(18, Int(Int16(truncatingIfNeeded: byteCount)), 18), Encode.callPAL(0x83),
      Encode.lda(0, 1), Encode.lda(16, 0), Encode.callPAL(0x83),
    ]
  }

  private func elfHeader(byteCount: UInt64) -> LittleEndianBytes {
    var header = LittleEndianBytes()
    header.bytes = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    header.append(UInt16(2), byteCount: 2)  // ET_EXEC
    header.append(UInt16(0x9026), byteCount: 2)  // EM_ALPHA
    header.append(UInt32(1), byteCount: 4)
    header.append(Self.base + Self.startOffset, byteCount: 8)
    for (value, count) in [
      (64, 8), (0, 8), (0, 4), (64, 2), (56, 2), (1, 2), (64, 2), (0, 2), (0, 2),
    ] {
      header.append(UInt64(value), byteCount: count)
    }
    header.append(UInt32(1), byteCount: 4)  // PT_LOAD
    header.append(UInt32(7), byteCount: 4)  // Readable, writable, executable.
    for value in [0, Self.base, Self.base, byteCount, byteCount, 0x1_0000] {
      header.append(value, byteCount: 8)
    }
    return header
  }
}

struct LittleEndianBytes {
  var bytes: [UInt8] = []

  mutating func append(_ value: some FixedWidthInteger, byteCount: Int) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }

  mutating func pad(to offset: UInt64) {
    bytes += [UInt8](repeating: 0, count: Int(offset) - bytes.count)
  }
}
