import AlphaISA

// How arithmetic traps become visible in a program's registers: each one changes R27 to
// 5 × R27 + PC of the next instruction, and the program goes on there.
extension DifferentialProgram {
  static let signalDataOffset: UInt64 = 0x600

  /// On Linux: sigaltstack, then rt_sigaction for SIGFPE, then the program.
  static let start: [UInt32] = {
    let words = [
      Encode.branch(.br, 9, 0), Encode.lda(9, Int(signalDataOffset) - Int(startOffset) - 4, 9),
      Encode.lda(0, 235), Encode.operate(.bis, 9, 9, 16), Encode.lda(17, 0), Encode.callPAL(0x83),
      Encode.lda(0, 352), Encode.lda(16, 8), Encode.lda(17, 24, 9), Encode.lda(18, 0),
      Encode.lda(19, 8), Encode.lda(20, 0), Encode.callPAL(0x83),
    ]
    let next = Int(startOffset) + 4 * (words.count + 1)
    return words + [Encode.branch(.br, 31, (Int(entryOffset) - next) / 4)] + signalHandler
  }()

  /// The stack for `sigaltstack` and the action for `rt_sigaction` behind it.
  static let signalData: [UInt64] = [
    base + signalStackOffset, 0, registersOffset + 0x2000 - signalStackOffset,
    // SA_ONSTACK without SA_SIGINFO: the frame begins with the sigcontext.
    base + startOffset + 4 * UInt64(start.count - signalHandler.count), 1, 0,
  ]

  /// Works on the sigcontext at R30: PC at 16, R0 at 32. Ends with sigreturn.
  private static let signalHandler: [UInt32] = [
    Encode.ldq(1, 16, 30), Encode.ldq(2, 32 + 8 * 27, 30), Encode.operate(.s4addq, 2, 2, 2),
    Encode.addq(2, 1, 2), Encode.stq(2, 32 + 8 * 27, 30), Encode.operate(.bis, 30, 30, 16),
    Encode.lda(0, 103), Encode.callPAL(0x83),
  ]

  /// The same as PALcode; R8 is a shadow register there.
  static let trapPALcode: [UInt32] = [
    Encode.mfpr(8, 6), Encode.operate(.s4addq, 27, 27, 27), Encode.addq(27, 8, 27),
    Encode.hardwareReturn(31),
  ]
}
