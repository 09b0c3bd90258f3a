// Words that have a more telling name than their instruction.
extension Disassembler {
  static func macro(for word: InstructionWord, _ operation: Operation) -> Line? {
    switch operation {
    case .ldqU where word.ra == 31: Line("unop")
    case .bis: move(word)
    case .cpys: floatMove(word)
    case .cpysn where word.ra == word.rb:
      Line("fneg", RegisterName.float(word.rb), RegisterName.float(word.rc))
    case .subf, .subg, .subs, .subt: floatNegation(word, operation)
    default:
      if word.ra == 31, let mnemonic = mnemonicWithoutRa(operation) {
        Line(mnemonic, sourceB(word), RegisterName.integer(word.rc))
      } else {
        nil
      }
    }
  }

  /// What an operate instruction is called if Ra is R31.
  private static func mnemonicWithoutRa(_ operation: Operation) -> String? {
    switch operation {
    case .addl: "sextl"
    case .subl: "negl"
    case .sublV: "negl/v"
    case .subq: "negq"
    case .subqV: "negq/v"
    case .ornot: "not"
    default: nil
    }
  }

  /// BIS of a register with itself, or of anything with zero.
  private static func move(_ word: InstructionWord) -> Line? {
    let rc = RegisterName.integer(word.rc)
    if !word.isLiteral && word.ra == 31 && word.rb == 31 {
      return word.rc == 31 ? Line("nop") : Line("clr", rc)
    }
    if word.ra == 31 || (!word.isLiteral && word.ra == word.rb) {
      return Line("mov", sourceB(word), rc)
    }
    return nil
  }

  private static func floatMove(_ word: InstructionWord) -> Line? {
    let (fb, fc) = (RegisterName.float(word.rb), RegisterName.float(word.rc))
    return switch (word.ra, word.rb, word.rc) {
    case (31, 31, 31): Line("fnop")
    case (31, 31, _): Line("fclr", fc)
    case (word.rb, _, _): Line("fmov", fb, fc)
    case (31, _, _): Line("fabs", fb, fc)
    default: nil
    }
  }

  /// Subtraction from zero, in those qualifications for which the assembler has a macro.
  private static func floatNegation(_ word: InstructionWord, _ operation: Operation) -> Line? {
    let qualifiers = word.floatQualifiers
    guard word.ra == 31, qualifiers.rounding == .nearest else { return nil }
    let underflow = qualifiers.trapsUnderflowOrIntegerOverflow
    let mnemonic: String
    switch operation {
    case .subf where !underflow: mnemonic = "negf"
    case .subg where !underflow: mnemonic = "negg"
    case .subs where underflow == qualifiers.softwareCompletion: mnemonic = "negs"
    case .subt where underflow == qualifiers.softwareCompletion: mnemonic = "negt"
    default: return nil
    }
    return Line(
      mnemonic + InstructionTable.row(of: operation).qualifierSuffix(of: word),
      RegisterName.float(word.rb), RegisterName.float(word.rc))
  }
}

extension InstructionRow {
  /// `/suic` and the like, or nothing.
  func qualifierSuffix(of word: InstructionWord) -> String {
    if qualifiers == .none { return "" }
    let of = word.floatQualifiers
    var letters = of.softwareCompletion ? "s" : ""
    // The I bit of CVTST is part of its function, and its rounding field a constant.
    if qualifiers != .cvtst {
      if of.trapsUnderflowOrIntegerOverflow {
        letters += operation == .cvttq || operation == .cvtgq ? "v" : "u"
      }
      if of.trapsInexact { letters += "i" }
      switch of.rounding {
      case .chopped: letters += "c"
      case .minusInfinity: letters += "m"
      case .nearest: break
      case .dynamic: letters += "d"
      }
    }
    return letters.isEmpty ? "" : "/" + letters
  }
}
