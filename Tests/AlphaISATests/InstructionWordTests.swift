import AlphaISA
import Testing

@Suite("Instruction word")
struct InstructionWordTests {
  /// Each field alone set to ones: exactly that field reads as ones.
  @Test("Register fields stand where AHB 3.3 puts them")
  func registers() {
    let opcode = InstructionWord(rawValue: 0xfc00_0000)
    #expect([opcode.opcode, opcode.ra, opcode.rb, opcode.rc] == [0x3f, 0, 0, 0])
    let ra = InstructionWord(rawValue: 0x03e0_0000)
    #expect([ra.opcode, ra.ra, ra.rb, ra.rc] == [0, 31, 0, 0])
    let rb = InstructionWord(rawValue: 0x001f_0000)
    #expect([rb.opcode, rb.ra, rb.rb, rb.rc] == [0, 0, 31, 0])
    let rc = InstructionWord(rawValue: 0x0000_001f)
    #expect([rc.opcode, rc.ra, rc.rb, rc.rc] == [0, 0, 0, 31])
  }

  @Test("Operate formats: literal and function fields")
  func operate() {
    let literal = InstructionWord(rawValue: 0x001f_e000)
    #expect(literal.literal == 0xff)
    #expect(!literal.isLiteral)
    #expect(InstructionWord(rawValue: 0x0000_1000).isLiteral)
    #expect(!InstructionWord(rawValue: 0xffff_efff).isLiteral)
    #expect(InstructionWord(rawValue: 0x0000_ffe0).floatFunction == 0x7ff)
    #expect(InstructionWord(rawValue: 0xffff_001f).floatFunction == 0)
  }

  @Test(
    "Displacements are sign-extended",
    arguments: [
      // word, memory, jump, branch, hardware
      (0x0000_0000, 0, 0, 0, 0),
      (0x0000_7fff, 0x7fff, -1, 0x7fff, -1),
      (0x0000_8000, -0x8000, 0, 0x8000, 0),
      (0x0000_2000, 0x2000, -0x2000, 0x2000, 0),
      (0x0000_0800, 0x800, 0x800, 0x800, -0x800),
      (0x0000_07ff, 0x7ff, 0x7ff, 0x7ff, 0x7ff),
      (0x000f_ffff, -1, -1, 0xfffff, -1),
      (0x0010_0000, 0, 0, -0x100000, 0),
      (0xffe0_0000, 0, 0, 0, 0),
      (0xffff_ffff, -1, -1, -1, -1),
    ] as [(UInt32, Int64, Int64, Int64, Int64)])
  func displacements(
    word: UInt32, memory: Int64, jump: Int64, branch: Int64, hardware: Int64
  ) {
    let word = InstructionWord(rawValue: word)
    #expect(word.memoryDisplacement == memory)
    #expect(word.jumpDisplacement == jump)
    #expect(word.branchDisplacement == branch)
    #expect(word.hardwareDisplacement == hardware)
  }

  @Test("PALcode formats: function, type, processor register")
  func palcode() {
    #expect(InstructionWord(rawValue: 0x03ff_ffff).palFunction == 0x3ff_ffff)
    #expect(InstructionWord(rawValue: 0xfc00_0000).palFunction == 0)
    #expect(InstructionWord(rawValue: 0x0000_f000).hardwareType == 15)
    #expect(InstructionWord(rawValue: 0xffff_0fff).hardwareType == 0)
    #expect(InstructionWord(rawValue: 0xffff_1234).processorRegister == 0x1234)
    #expect(InstructionWord(rawValue: 0xffff_8001).jumpHint == 1)
    #expect(InstructionWord(rawValue: 0x0000_3fff).jumpHint == 0x3fff)
  }
}

@Suite("Floating-point qualifiers")
struct FloatQualifiersTests {
  @Test("The rounding field is bits 7:6 of the function")
  func rounding() {
    #expect(FloatQualifiers(function: 0x73f).rounding == .chopped)
    #expect(FloatQualifiers(function: 0x040).rounding == .minusInfinity)
    #expect(FloatQualifiers(function: 0x080).rounding == .nearest)
    #expect(FloatQualifiers(function: 0x0c0).rounding == .dynamic)
  }

  @Test("The trap qualifiers are bits 10:8 of the function")
  func traps() {
    let underflow = FloatQualifiers(function: 0x100)
    #expect(underflow.trapsUnderflowOrIntegerOverflow)
    #expect(!underflow.trapsInexact && !underflow.softwareCompletion)
    let inexact = FloatQualifiers(function: 0x200)
    #expect(inexact.trapsInexact)
    #expect(!inexact.trapsUnderflowOrIntegerOverflow && !inexact.softwareCompletion)
    let software = FloatQualifiers(function: 0x400)
    #expect(software.softwareCompletion)
    #expect(!software.trapsUnderflowOrIntegerOverflow && !software.trapsInexact)
  }

  @Test("A word's qualifiers are those of its floating-point function")
  func word() {
    // cvttq/svic $f2,$f3
    let qualifiers = InstructionWord(rawValue: 0x5be2_e5e3).floatQualifiers
    #expect(qualifiers == FloatQualifiers(function: 0x72f))
  }
}
