// PALmode instructions, CALL_PAL and the traps that the block builder finds.

/// Enters PALcode for a CALL_PAL: EXC_ADDR = PC + 4 with the old mode in bit 0. The operand is the
/// offset of the entry.
@c func callPAL(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let cpu = unsafe cpuState(s)
  if unsafe _slowPath(cpu.pointee.observesPALcode) {
    unsafe observedCallPAL(s, c, n)
    return
  }
  let wasPAL: UInt64 = unsafe cpu.pointee.modeTag == Mode.pal.rawValue ? 1 : 0
  let returnAddress = unsafe cpu.pointee.pcPage &+ op.pageOffset &+ 4
  unsafe AlphaCPUState.store(s, .exceptionAddress, returnAddress | wasPAL)
  unsafe cpu.pointee.modeTag = Mode.pal.rawValue
  unsafe cpu.pointee.dataTLB = cpu.pointee.bank + TranslationBuffers.kernelData
  unsafe jump(s, c, AlphaCPUState.load(s, .palBase) &+ op.operand, n)
}

/// The same through the class, which tells an observer.
@c @inline(never)
private func observedCallPAL(_ s: State, _ c: Code, _ n: Int) {
  let entry = unsafe operation(c).operand
  unsafe owner(s) {
    unsafe $0.trap(
      GuestTrap(entry: entry, arguments: (nil, nil, nil), resumesBehind: true), at: c, left: n)
  }
  // Unlike an exception, the instruction itself has been executed and is counted once.
}

/// HW_RET: bit 0 of the target selects PALmode; the lock flag and the interrupt flag are cleared, and
/// interrupts are recognised at once.
@c func hwRET(_ s: State, _ c: Code, _ n: Int) {
  let cpu = unsafe cpuState(s)
  let target = unsafe register(s, operation(c).rb)
  unsafe cpu.pointee.lockLine = .max
  unsafe cpu.pointee.interruptFlag = 0
  if target & 1 == 0 {
    let isUser = unsafe AlphaCPUState.load(s, .ps) & 8 != 0
    unsafe cpu.pointee.modeTag = isUser ? Mode.user.rawValue : Mode.kernel.rawValue
    unsafe cpu.pointee.dataTLB =
      cpu.pointee.bank + (isUser ? TranslationBuffers.userData : TranslationBuffers.kernelData)
    if unsafe _slowPath(cpu.pointee.pins != 0) {
      unsafe cpu.pointee.pc = target & ~3
      unsafe leaveToLookUp(s, c, n)
      return
    }
  }
  unsafe jump(s, c, target & ~3, n)
}

/// HW_MTPR to a register whose change has consequences; the operand is its number.
@c func hwMTPR(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let value = unsafe register(s, op.rb)
  unsafe owner(s) {
    unsafe $0.synchronize(c, n)
    $0.writeProcessorRegister(UInt16(truncatingIfNeeded: op.operand), value)
  }
  // The block behind may have been built for another mode, translation or time.
  unsafe leaveAfter(s, c, n)
}

/// HW_MFPR of a register that is computed; the operand is its number.
@c func hwMFPR(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let value: UInt64 = unsafe owner(s) {
    unsafe $0.synchronize(c, n)
    return $0.readProcessorRegister(UInt16(truncatingIfNeeded: op.operand))
  }
  unsafe setRegister(s, op.ra, value)
  unsafe next(s, c, n)
}

// MARK: - HW_LD and HW_ST

/// HW_LD quadword physical.
@c func hwLDQ(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let cpu = unsafe cpuState(s)
  let physical = unsafe register(s, op.rb) &+ op.operand
  if unsafe _fastPath(physical & 7 == 0 && physical < cpu.pointee.ramByteCount) {
    let value = unsafe cpu.pointee.ramBase.load(
      fromByteOffset: Int(truncatingIfNeeded: physical), as: UInt64.self)
    unsafe setRegister(s, op.ra, value)
    unsafe next(s, c, n)
  } else {
    unsafe hardwareLoad(s, c, n)
  }
}

/// HW_LD longword physical.
@c func hwLDL(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let cpu = unsafe cpuState(s)
  let physical = unsafe register(s, op.rb) &+ op.operand
  if unsafe _fastPath(physical & 3 == 0 && physical < cpu.pointee.ramByteCount) {
    let value = unsafe cpu.pointee.ramBase.load(
      fromByteOffset: Int(truncatingIfNeeded: physical), as: Int32.self)
    unsafe setRegister(s, op.ra, UInt64(bitPattern: Int64(value)))
    unsafe next(s, c, n)
  } else {
    unsafe hardwareLoad(s, c, n)
  }
}

/// Any HW_LD; `rc` is the access type.
@c @inline(never)
func hardwareLoad(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let type = HardwareAccess(type: op.rc)
  let value: UInt64? = unsafe owner(s) {
    unsafe $0.hardwareLoad(type, register(s, op.rb) &+ op.operand, c, n)
  }
  guard let value else { return }
  unsafe setRegister(s, op.ra, type.byteCount == 4 ? IntegerSemantics.long(value) : value)
  unsafe nextUnlessAttention(s, c, n)
}

/// Any HW_ST; `rc` is the access type. The conditional types answer in their source register.
@c @inline(never)
func hardwareStore(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let type = HardwareAccess(type: op.rc)
  let value = op.ra == RegisterIndex.sink ? 0 : unsafe register(s, op.ra)
  let stored: Bool? = unsafe owner(s) {
    unsafe $0.hardwareStore(type, value, register(s, op.rb) &+ op.operand, c, n)
  }
  guard let stored else { return }
  if type.kind == .locked { unsafe setRegister(s, op.ra, stored ? 1 : 0) }
  unsafe nextUnlessAttention(s, c, n)
}

// MARK: - Traps that are known when the block is built

/// A word that is no instruction, or one that the mode does not allow.
@c func illegalOpcode(_ s: State, _ c: Code, _ n: Int) {
  unsafe owner(s) { unsafe $0.trap(.illegalOpcode, at: c, left: n) }
}

/// A floating-point instruction while floating point is disabled.
@c func floatDisabled(_ s: State, _ c: Code, _ n: Int) {
  unsafe owner(s) { unsafe $0.trap(.floatDisabled, at: c, left: n) }
}
