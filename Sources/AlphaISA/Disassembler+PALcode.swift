// CALL_PAL and the opcodes reserved to PALcode (21264/EV67 HRM 6.4).
extension Disassembler {
  static func palCall(_ word: InstructionWord) -> Line {
    switch word.palFunction {
    case 0x00: Line("halt")
    case 0x02: Line("draina")
    case 0x80: Line("bpt")
    case 0x81: Line("bugchk")
    case 0x83: Line("callsys")
    case 0x86: Line("imb")
    case 0x9e: Line("rduniq")
    case 0x9f: Line("wruniq")
    case 0xaa: Line("gentrap")
    default: Line("call_pal", hexadecimal(word.palFunction))
    }
  }

  static func hardware(_ word: InstructionWord, _ operation: Operation, at pc: UInt64) -> Line {
    let ra = RegisterName.integer(word.ra)
    let rb = RegisterName.integer(word.rb)
    let type = Int(word.hardwareType)
    switch operation {
    case .hwMFPR where word.rb == 31:
      return Line("hw_mfpr", ra, hexadecimal(word.processorRegister))
    case .hwMTPR where word.ra == 31:
      return Line("hw_mtpr", rb, hexadecimal(word.processorRegister))
    case .hwLD:
      guard let suffix = loadTypes[type] else { break }
      return Line("hw_ld" + suffix, ra, based(word.hardwareDisplacement, word))
    case .hwST:
      guard let suffix = storeTypes[type] else { break }
      return Line("hw_st" + suffix, ra, based(word.hardwareDisplacement, word))
    case .hwRET where word.ra == 31:
      return hardwareReturn(word, at: pc)
    default:
      break
    }
    return Line("pal" + String(word.opcode, radix: 16), hexadecimal(word.palFunction))
  }

  /// HW_RET: hint in bits 15:14, stall in bit 13, displacement in bits 12:0.
  private static func hardwareReturn(_ word: InstructionWord, at pc: UInt64) -> Line {
    let hint = Int(word.hardwareType &>> 2)
    let isStalling = word.hardwareType & 2 != 0
    var line = Line(
      returnHints[hint] + (isStalling ? "/stall" : ""), "(\(RegisterName.integer(word.rb)))")
    if hint < 2 {
      let displacement = Int64(Int16(truncatingIfNeeded: word.rawValue &<< 3) &>> 3)
      line.operands.append(target(displacement, from: pc))
    }
    return line
  }

  private static let returnHints = ["hw_jmp", "hw_jsr", "hw_ret", "hw_jcr"]

  /// By type and length: physical, locked, virtual PTE, virtual; /w with write check, /a in the
  /// alternate mode.
  private static let loadTypes: [String?] = [
    "l/p", "q/p", "l_l/p", "q_l/p", "l/v", "q/v", nil, nil,
    "l", "q", "l/w", "q/w", "l/a", "q/a", "l/wa", "q/wa",
  ]

  private static let storeTypes: [String?] = [
    "l/p", "q/p", "l_c/p", "q_c/p", "l", "q", nil, nil,
    nil, nil, nil, nil, "l/a", "q/a", nil, nil,
  ]
}
