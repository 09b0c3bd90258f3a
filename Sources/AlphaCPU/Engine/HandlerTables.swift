internal import AlphaISA

// Which handler executes which instruction, for those that are not plain operates.

/// The handlers of an instruction whose second operand is a register or a literal.
@safe
struct HandlerPair {
  @unsafe let register: Handler
  @unsafe let literal: Handler

  /// Without a literal form, the decoder refuses a word with one.
  @unsafe init(_ register: Handler, _ literal: Handler = unsafe illegalOpcode) {
    unsafe self.register = register
    unsafe self.literal = literal
  }
}

/// Integer instructions.
enum IntegerHandlers {
  /// Operates that can trap, for a register and a literal as second operand.
  @unsafe static func trapping(_ operation: Operation) -> HandlerPair? {
    switch operation {
    case .addlV: unsafe HandlerPair(addlVRegister, addlVLiteral)
    case .sublV: unsafe HandlerPair(sublVRegister, sublVLiteral)
    case .addqV: unsafe HandlerPair(addqVRegister, addqVLiteral)
    case .subqV: unsafe HandlerPair(subqVRegister, subqVLiteral)
    case .mullV: unsafe HandlerPair(mullVRegister, mullVLiteral)
    case .mulqV: unsafe HandlerPair(mulqVRegister, mulqVLiteral)
    default: nil
    }
  }

  /// Conditional moves, which also read their destination.
  @unsafe static func conditionalMove(_ operation: Operation) -> HandlerPair? {
    switch operation {
    case .cmoveq: unsafe HandlerPair(cmoveqRegister, cmoveqLiteral)
    case .cmovne: unsafe HandlerPair(cmovneRegister, cmovneLiteral)
    case .cmovlt: unsafe HandlerPair(cmovltRegister, cmovltLiteral)
    case .cmovge: unsafe HandlerPair(cmovgeRegister, cmovgeLiteral)
    case .cmovle: unsafe HandlerPair(cmovleRegister, cmovleLiteral)
    case .cmovgt: unsafe HandlerPair(cmovgtRegister, cmovgtLiteral)
    case .cmovlbs: unsafe HandlerPair(cmovlbsRegister, cmovlbsLiteral)
    case .cmovlbc: unsafe HandlerPair(cmovlbcRegister, cmovlbcLiteral)
    default: nil
    }
  }
}

/// Loads and stores.
enum MemoryHandlers {
  /// Loads to either register file.
  @unsafe static func load(_ operation: Operation) -> Handler? {
    switch operation {
    case .ldbu: unsafe ldbu
    case .ldwu: unsafe ldwu
    case .ldl: unsafe ldl
    case .ldq: unsafe ldq
    case .ldqU: unsafe ldqU
    case .ldlL, .ldqL: unsafe loadLocked
    case .lds: unsafe lds
    case .ldt: unsafe ldq
    case .ldf, .ldg: unsafe slowLoad
    default: nil
    }
  }

  /// Stores from either register file.
  @unsafe static func store(_ operation: Operation) -> Handler? {
    switch operation {
    case .stb: unsafe stb
    case .stw: unsafe stw
    case .stl: unsafe stl
    case .stq: unsafe stq
    case .stqU: unsafe stqU
    case .sts: unsafe sts
    case .stt: unsafe stq
    case .stf, .stg: unsafe slowStore
    case .stlC, .stqC: unsafe storeConditional
    default: nil
    }
  }
}

/// Conditional branches.
enum BranchHandlers {
  @unsafe static func branch(_ operation: Operation) -> Handler? {
    switch operation {
    case .beq: unsafe beq
    case .bne: unsafe bne
    case .blt: unsafe blt
    case .bge: unsafe bge
    case .ble, .fble: unsafe ble
    case .bgt, .fbgt: unsafe bgt
    case .blbs: unsafe blbs
    case .blbc: unsafe blbc
    case .fbeq: unsafe fbeq
    case .fbne: unsafe fbne
    case .fblt: unsafe fblt
    case .fbge: unsafe fbge
    default: nil
    }
  }

  /// A compare followed by a branch on its flag.
  @unsafe static func compareAndBranch(
    _ compare: Operation, _ branch: Operation
  ) -> HandlerPair? {
    switch (compare, branch) {
    case (.cmpeq, .bne): unsafe HandlerPair(cmpeqBneRegister, cmpeqBneLiteral)
    case (.cmpeq, .beq): unsafe HandlerPair(cmpeqBeqRegister, cmpeqBeqLiteral)
    case (.cmplt, .bne): unsafe HandlerPair(cmpltBneRegister, cmpltBneLiteral)
    case (.cmplt, .beq): unsafe HandlerPair(cmpltBeqRegister, cmpltBeqLiteral)
    case (.cmple, .bne): unsafe HandlerPair(cmpleBneRegister, cmpleBneLiteral)
    case (.cmple, .beq): unsafe HandlerPair(cmpleBeqRegister, cmpleBeqLiteral)
    case (.cmpult, .bne): unsafe HandlerPair(cmpultBneRegister, cmpultBneLiteral)
    case (.cmpult, .beq): unsafe HandlerPair(cmpultBeqRegister, cmpultBeqLiteral)
    case (.cmpule, .bne): unsafe HandlerPair(cmpuleBneRegister, cmpuleBneLiteral)
    case (.cmpule, .beq): unsafe HandlerPair(cmpuleBeqRegister, cmpuleBeqLiteral)
    default: nil
    }
  }
}

/// HW_LD and HW_ST by access type; the types not listed are illegal opcodes.
enum PALHandlers {
  @unsafe static func load(_ type: UInt8) -> Handler? {
    switch type {
    case 0: unsafe hwLDL
    case 1: unsafe hwLDQ
    case 2, 3, 0xA, 0xB, 0xE, 0xF: unsafe hardwareLoad
    default: nil
    }
  }

  @unsafe static func store(_ type: UInt8) -> Handler? {
    type < 4 ? unsafe hardwareStore : nil
  }
}
