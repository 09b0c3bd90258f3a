internal import AlphaISA

// CALL_PAL and the instructions of PALmode.
extension BlockBuilder {
  mutating func emitPAL(_ operation: Operation, _ i: InstructionWord) {
    if operation == .callPAL {
      let function = i.palFunction
      guard let offset = PALEntry.offset(ofCall: function), function >= 0x80 || key.mode != .user
      else { return unsafe end(illegalOpcode, immediate: packed(0)) }
      return unsafe end(callPAL, immediate: packed(Int(offset)))
    }
    guard inPALmode, isAssigned(operation, i) else {
      return unsafe end(illegalOpcode, immediate: packed(0))
    }
    switch operation {
    case .hwRET:
      let exceptionAddress =
        RegisterIndex.processor + UInt8(ProcessorRegister.exceptionAddress.rawValue)
      unsafe end(hwRET, rb: i.rb == 31 ? exceptionAddress : source(i.rb))
    case .hwMFPR:
      guard i.ra != 31 else { return }
      if let index = plainIndex(i.processorRegister) {
        unsafe append(move, rb: index, rc: destination(i.ra))
      } else {
        unsafe append(
          hwMFPR, ra: destination(i.ra), immediate: packed(Int(i.processorRegister)))
      }
    case .hwMTPR:
      if i.processorRegister == ProcessorRegister.ps.rawValue {
        // It takes effect with HW_RET: PALmode has its own mode and no interrupts.
        unsafe append(
          andMask, ra: source(i.rb), rc: RegisterIndex.processor + UInt8(i.processorRegister),
          immediate: 0xF)
      } else if isPlain(i.processorRegister), let index = plainIndex(i.processorRegister) {
        unsafe append(move, rb: source(i.rb), rc: index)
      } else {
        unsafe end(
          hwMTPR, rb: source(i.rb), immediate: packed(Int(i.processorRegister)))
      }
    default:
      emitHardwareAccess(operation, i)
    }
  }

  private mutating func emitHardwareAccess(_ operation: Operation, _ i: InstructionWord) {
    let handler =
      operation == .hwLD
      ? unsafe PALHandlers.load(i.hardwareType) : unsafe PALHandlers.store(i.hardwareType)
    guard let handler = unsafe handler else { return }
    unsafe append(
      handler, ra: destination(i.ra), rb: source(i.rb), rc: i.hardwareType,
      immediate: packed(Int(i.hardwareDisplacement)))
  }

  /// Whether the access type of HW_LD or HW_ST exists.
  func isAssigned(_ operation: Operation, _ i: InstructionWord) -> Bool {
    switch operation {
    case .hwLD: unsafe PALHandlers.load(i.hardwareType) != nil
    case .hwST: unsafe PALHandlers.store(i.hardwareType) != nil
    default: true
    }
  }

  /// Whether HW_MTPR to this register has no effect on the instructions behind it.
  func isPlain(_ number: UInt16) -> Bool {
    switch number {
    case 0, 3...6, 9...12, 32...39, 40...63: true
    default: false
    }
  }

  /// Where a processor register that is plain to read lies in the register file.
  private func plainIndex(_ number: UInt16) -> UInt8? {
    switch number {
    case 0, 1, 3...12, 40...63: RegisterIndex.processor + UInt8(number)
    case 32...38: UInt8(number) - 32 + 8
    case 39: 25
    default: nil
    }
  }
}
