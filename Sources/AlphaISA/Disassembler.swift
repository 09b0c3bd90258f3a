/// Text of instruction words, in the syntax and with the macros of GNU `objdump -d -m alpha:ev6`,
/// the machine under which it knows the PALmode opcodes of the 21264 besides BWX, CIX, FIX and MVI.
/// One space stands between mnemonic and operands; addresses have no symbols.
///
/// What objdump does not print as an instruction is `.long` here too, though the processor may
/// execute it: the literal forms of SEXTB and SEXTW, and words with unusual values in fields that
/// have no effect.
public enum Disassembler {
  /// The text of one word; `pc` is its own address, from which branch targets are computed.
  public static func text(for word: InstructionWord, at pc: UInt64) -> String {
    guard let operation = Decoder.operation(of: word) else { return unknown(word).text }
    let line = macro(for: word, operation) ?? instruction(word, operation, at: pc)
    return line.text
  }

  /// A mnemonic and its operands, ready to print.
  struct Line {
    var mnemonic: String
    var operands: [String] = []

    init(_ mnemonic: String, _ operands: String...) {
      self.mnemonic = mnemonic
      self.operands = operands
    }

    var text: String {
      operands.isEmpty ? mnemonic : "\(mnemonic) \(operands.joined(separator: ","))"
    }
  }

  private static func instruction(
    _ word: InstructionWord, _ operation: Operation, at pc: UInt64
  ) -> Line {
    let row = InstructionTable.row(of: operation)
    return switch row.format {
    case .memory: memory(word, row)
    case .memoryFunction: miscellaneous(word, row)
    case .jump: jump(word, row, at: pc)
    case .branch: branch(word, row, at: pc)
    case .integerOperate: integerOperate(word, row)
    case .floatOperate: floatOperate(word, row)
    case .pal: palCall(word)
    case .hardware: hardware(word, operation, at: pc)
    }
  }

  static func unknown(_ word: InstructionWord) -> Line {
    Line(".long", hexadecimal(word.rawValue))
  }
}

// Operands.
extension Disassembler {
  static func hexadecimal(_ value: some BinaryInteger) -> String {
    value == 0 ? "0" : "0x" + String(value, radix: 16)
  }

  /// Where a displacement in instructions leads.
  static func target(_ displacement: Int64, from pc: UInt64) -> String {
    hexadecimal(pc &+ 4 &+ UInt64(bitPattern: displacement &<< 2))
  }

  /// Rb or the literal of an integer operate instruction.
  static func sourceB(_ word: InstructionWord) -> String {
    word.isLiteral ? hexadecimal(word.literal) : RegisterName.integer(word.rb)
  }

  static func based(_ displacement: Int64, _ word: InstructionWord) -> String {
    "\(displacement)(\(RegisterName.integer(word.rb)))"
  }
}

// Formats.
extension Disassembler {
  private static func memory(_ word: InstructionWord, _ row: InstructionRow) -> Line {
    let name = row.operation.isFloat ? RegisterName.float : RegisterName.integer
    let isConstant = row.memory == .none && word.rb == 31
    let displacement = word.memoryDisplacement
    return Line(
      row.mnemonic, name(word.ra), isConstant ? "\(displacement)" : based(displacement, word))
  }

  private static func miscellaneous(_ word: InstructionWord, _ row: InstructionRow) -> Line {
    let ra = RegisterName.integer(word.ra)
    let rb = RegisterName.integer(word.rb)
    switch row.operation {
    case .fetch, .fetchM, .ecb, .wh64, .wh64en:
      return word.ra == 31 ? Line(row.mnemonic, "(\(rb))") : unknown(word)
    case .rpcc where word.rb != 31:
      return Line(row.mnemonic, ra, rb)
    case .rpcc, .rc, .rs:
      return Line(row.mnemonic, ra)
    default:
      return Line(row.mnemonic)
    }
  }

  private static func jump(_ word: InstructionWord, _ row: InstructionRow, at pc: UInt64) -> Line {
    let hint = word.jumpHint
    let ra = RegisterName.integer(word.ra)
    let base = "(\(RegisterName.integer(word.rb)))"
    switch row.operation {
    case .jmp where word.ra == 31 && hint == 0:
      return Line(row.mnemonic, base)
    case .jmp, .jsr:
      return Line(row.mnemonic, ra, base, target(word.jumpDisplacement, from: pc))
    case .ret where word.ra == 31 && word.rb == 26 && hint == 1:
      return Line(row.mnemonic)
    case .ret:
      return Line(row.mnemonic, ra, base, hexadecimal(hint))
    default:
      return Line("jcr", ra, base, hexadecimal(hint))
    }
  }

  private static func branch(
    _ word: InstructionWord, _ row: InstructionRow, at pc: UInt64
  ) -> Line {
    let target = target(word.branchDisplacement, from: pc)
    if row.operation == .br && word.ra == 31 { return Line(row.mnemonic, target) }
    let name = row.operation.isFloat ? RegisterName.float : RegisterName.integer
    return Line(row.mnemonic, name(word.ra), target)
  }

  private static func integerOperate(_ word: InstructionWord, _ row: InstructionRow) -> Line {
    let rc = RegisterName.integer(word.rc)
    switch row.operation {
    case .implver:
      return word.isLiteral && word.literal == 1 ? Line(row.mnemonic, rc) : unknown(word)
    case .sextb, .sextw:
      if word.isLiteral { return unknown(word) }
    default:
      break
    }
    var line = Line(spelling(of: row), sourceB(word), rc)
    if !row.fixed.contains(.raIs31) {
      line.operands.insert(RegisterName.integer(word.ra), at: 0)
    }
    return line
  }

  /// objdump prefers the names that other architectures use for two instructions.
  private static func spelling(of row: InstructionRow) -> String {
    switch row.operation {
    case .bis: "or"
    case .bic: "andnot"
    default: row.mnemonic
    }
  }

  private static func floatOperate(_ word: InstructionWord, _ row: InstructionRow) -> Line {
    let (fa, fb, fc) = (
      RegisterName.float(word.ra), RegisterName.float(word.rb), RegisterName.float(word.rc)
    )
    switch row.operation {
    case .itofs, .itoff, .itoft:
      return Line(row.mnemonic, RegisterName.integer(word.ra), fc)
    case .ftoit, .ftois:
      return Line(row.mnemonic, fa, RegisterName.integer(word.rc))
    case .mtFPCR, .mfFPCR:
      return fa == fb && fb == fc ? Line(row.mnemonic, fa) : unknown(word)
    default:
      let mnemonic = row.mnemonic + row.qualifierSuffix(of: word)
      return row.fixed.contains(.raIs31) ? Line(mnemonic, fb, fc) : Line(mnemonic, fa, fb, fc)
    }
  }
}
