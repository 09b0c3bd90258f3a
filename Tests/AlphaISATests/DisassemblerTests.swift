import AlphaISA
import Testing

@Suite("Disassembler")
struct DisassemblerTests {
  /// Texts as objdump 2.40 prints them for `alpha:ev6`.
  @Test(
    "Formats, macros and unusual words",
    arguments: [
      // Memory
      (0xa422_0010, "ldq t0,16(t1)"), (0x8c22_fff8, "ldt $f1,-8(t1)"),
      (0x283f_0001, "ldbu t0,1(zero)"), (0x23de_fff0, "lda sp,-16(sp)"),
      (0x203f_8000, "lda t0,-32768"), (0x27bb_0001, "ldah gp,1(t12)"), (0x2ffe_0000, "unop"),
      // Integer operate
      (0x4022_0403, "addq t0,t1,t2"), (0x403f_f403, "addq t0,0xff,t2"),
      (0x43e2_0003, "sextl t1,t2"), (0x43e2_0d23, "negq/v t1,t2"), (0x47e2_0503, "not t1,t2"),
      (0x47ff_041f, "nop"), (0x47ff_0403, "clr t2"), (0x4421_0403, "mov t0,t2"),
      (0x47e0_1403, "mov 0,t2"), (0x4422_0103, "andnot t0,t1,t2"), (0x443f_0403, "or t0,zero,t2"),
      (0x47e2_0c23, "amask t1,t2"), (0x47e0_3d83, "implver t2"),
      (0x47e0_5d83, ".long 0x47e05d83"), (0x73e2_0003, "sextb t1,t2"),
      (0x73e0_1003, ".long 0x73e01003"),
      // Floating-point operate
      (0x58a0_b001, "adds/su $f5,$f0,$f1"), (0x5be2_e5e3, "cvttq/svic $f2,$f3"),
      (0x5be2_5583, "cvtst $f2,$f3"), (0x5be2_d583, "cvtst/s $f2,$f3"),
      (0x5be2_1423, "negt $f2,$f3"), (0x5be2_3423, "subt/u $f31,$f2,$f3"),
      (0x57e2_9023, "negf/s $f2,$f3"), (0x57e2_b023, "subf/su $f31,$f2,$f3"),
      (0x5fff_041f, "fnop"), (0x5fff_0403, "fclr $f3"), (0x5c21_0403, "fmov $f1,$f3"),
      (0x5fe2_0403, "fabs $f2,$f3"), (0x5c21_0423, "fneg $f1,$f3"),
      (0x5c42_0482, "mt_fpcr $f2"), (0x5c22_0483, ".long 0x5c220483"),
      (0x503f_0483, "itoft t0,$f3"), (0x703f_0e03, "ftoit $f1,t2"),
      // Miscellaneous
      (0x63ff_4000, "mb"), (0x603f_c000, "rpcc t0"), (0x6022_c000, "rpcc t0,t1"),
      (0x6020_e000, "rc t0"), (0x63e2_f800, "wh64 (t1)"), (0x6022_f800, ".long 0x6022f800"),
      // Control
      (0xc3e0_0001, "br 0x10008"), (0xc35f_ffff, "br ra,0x10000"),
      (0xd350_0000, "bsr ra,0xffffffffffc10004"), (0xc420_0000, "fbeq $f1,0x10004"),
      (0x6be2_0000, "jmp (t1)"), (0x6b5b_4001, "jsr ra,(t12),0x10008"),
      (0x6b5b_7fff, "jsr ra,(t12),0x10000"), (0x6bfa_8001, "ret"),
      (0x6bfa_8000, "ret zero,(ra),0"), (0x6822_c002, "jcr t0,(t1),0x2"),
      // PALcode
      (0x0000_0000, "halt"), (0x0000_0083, "callsys"), (0x0000_0035, "call_pal 0x35"),
      (0x643f_1234, "hw_mfpr t0,0x1234"), (0x6422_1234, "pal19 0x221234"),
      (0x77e2_0000, "hw_mtpr t1,0"), (0x6c22_1800, "hw_ldq/p t0,-2048(t1)"),
      (0x6c22_6003, "pal1b 0x226003"), (0x7c22_3008, "hw_stq_c/p t0,8(t1)"),
      (0x7be2_a000, "hw_ret/stall (t1)"), (0x7be2_1fff, "hw_jmp (t1),0x10000"),
      (0x7be2_6001, "hw_jsr/stall (t1),0x10008"), (0x7822_8000, "pal1e 0x228000"),
      // No instruction
      (0x0400_0000, ".long 0x4000000"), (0x4022_0023, ".long 0x40220023"),
    ] as [(UInt32, String)])
  func text(word: UInt32, expected: String) {
    #expect(Disassembler.text(for: InstructionWord(rawValue: word), at: 0x10000) == expected)
  }

  @Test("Branch targets wrap at 64 bits")
  func wrappingTarget() {
    let word = InstructionWord(rawValue: 0xc3e0_0001)
    #expect(Disassembler.text(for: word, at: 0xffff_ffff_ffff_fffc) == "br 0x4")
  }

  @Test("Register names follow the calling standard")
  func registers() {
    #expect(
      [0, 15, 16, 26, 27, 28, 29, 30, 31].map(RegisterName.integer)
        == ["v0", "fp", "a0", "ra", "t12", "at", "gp", "sp", "zero"])
    #expect(RegisterName.float(31) == "$f31")
  }
}
