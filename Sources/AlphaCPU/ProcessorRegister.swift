/// Processor registers by the number in HW_MFPR and HW_MTPR.
public enum ProcessorRegister: UInt16, Sendable, CaseIterable {
  /// Processor status: bit 3 current mode (1 = user), bits 2:0 interrupt priority level.
  case ps = 0
  /// Floating-point enable, bit 0.
  case fen = 1
  /// Offset in bits 63:32 of RPCC.
  case cycleCounterOffset = 2
  /// First argument of the last exception.
  case trapArgument0 = 3
  /// Second argument of the last exception.
  case trapArgument1 = 4
  /// Third argument of the last exception.
  case trapArgument2 = 5
  /// Return address; bit 0 = return to PALmode.
  case exceptionAddress = 6
  /// Base of the PALcode entries.
  case palBase = 7
  /// Physical byte address of the first-level page table.
  case pageTableBase = 8
  /// Virtual page table pointer, not used by the hardware.
  case virtualPageTable = 9
  /// Process unique value.
  case unique = 10
  /// Value of WRVAL.
  case systemValue = 11
  /// User stack pointer.
  case userStackPointer = 12
  /// Number of the address space in bits 7:0, with which translations are tagged. Bit 63 reads as one;
  /// another machine of this board has no such register, which reads as zero there.
  case addressSpaceNumber = 13
  /// PALcode scratch, the first of 24.
  case scratch0 = 40
  /// Guest time in nanoseconds, read only.
  case virtualTime = 249
  /// Nanoseconds since 1970, read only.
  case wallTime = 250
  /// Absolute guest time of the next alarm, 0 = none.
  case alarm = 251
  /// 0 powers off, another value resets; write only.
  case halt = 252
  /// Sleeps until an interrupt is requested; write only.
  case wait = 253
  /// Invalidates the translation of one address; write only.
  case invalidateSingle = 254
  /// Invalidates all translations; write only.
  case invalidateAll = 255
}
