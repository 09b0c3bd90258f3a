internal import AlphaFloat

// Loads and stores. The fast path is one compare of the TLB's tag with page number and alignment
// bits of the address, then the access; everything else goes through the class.

@inline(__always)
private func address(_ s: State, _ c: Code) -> UInt64 {
  let op = unsafe operation(c)
  return unsafe register(s, op.rb) &+ op.operand
}

@inline(__always)
private func entry(_ s: State, _ va: UInt64) -> UnsafeMutablePointer<TranslationEntry> {
  unsafe (cpuState(s).pointee.dataTLB + TranslationBuffers.offset(of: va))
    .assumingMemoryBound(to: TranslationEntry.self)
}

@inline(__always)
private func host(_ bits: UInt64) -> UnsafeMutableRawPointer {
  unsafe UnsafeMutableRawPointer(bitPattern: UInt(bits)).unsafelyUnwrapped
}

// MARK: - Loads

@inline(__always)
private func load<Value: FixedWidthInteger & BitwiseCopyable>(
  _ s: State, _ c: Code, _ n: Int, as type: Value.Type, slow: Handler,
  _ convert: (Value) -> UInt64
) {
  let va = unsafe address(s, c)
  let entry = unsafe entry(s, va)
  let alignment = UInt64(MemoryLayout<Value>.size &- 1)
  if unsafe _fastPath(entry.pointee.readTag == va & (~0x1FFF | alignment)) {
    let value = unsafe host(entry.pointee.addend &+ va).load(as: Value.self)
    unsafe setRegister(s, operation(c).ra, convert(value))
    unsafe next(s, c, n)
  } else {
    unsafe slow(s, c, n)
  }
}

/// The way through the class: alignment first, then translation, then RAM or the bus.
@inline(__always)
private func slowLoad(
  _ s: State, _ c: Code, _ n: Int, byteCount: Int, opcode: UInt64,
  _ convert: (UInt64) -> UInt64
) {
  let value: UInt64? = unsafe owner(s) {
    unsafe $0.slowLoad(va: address(s, c), byteCount: byteCount, opcode: opcode, c, n)
  }
  guard let value else { return }
  unsafe setRegister(s, operation(c).ra, convert(value))
  if unsafe cpuState(s).pointee.attention == 0 {
    unsafe next(s, c, n)
  } else {
    unsafe leaveAfter(s, c, n)
  }
}

@inline(__always) private func signExtended(_ value: UInt32) -> UInt64 {
  UInt64(bitPattern: Int64(Int32(bitPattern: value)))
}

@c func ldbu(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt8.self, slow: slowLDBU) { UInt64($0) }
}
@c func ldwu(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt16.self, slow: slowLDWU) { UInt64($0) }
}
@c func ldl(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt32.self, slow: slowLDL) { signExtended($0) }
}
@c func ldq(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt64.self, slow: slowLDQ) { $0 }
}
@c func lds(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt32.self, slow: slowLDS) { MemoryImage.loadS($0) }
}
@c func ldt(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt64.self, slow: slowLDT) { $0 }
}
@c func ldf(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt32.self, slow: slowLDF) { MemoryImage.loadF($0) }
}
@c func ldg(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt64.self, slow: slowLDG) { MemoryImage.swapG($0) }
}

/// LDQ_U clears the low address bits, so it is never unaligned.
@c func ldqU(_ s: State, _ c: Code, _ n: Int) {
  let va = unsafe address(s, c) & ~7
  let entry = unsafe entry(s, va)
  if unsafe _fastPath(entry.pointee.readTag == va & ~0x1FFF) {
    let value = unsafe host(entry.pointee.addend &+ va).load(as: UInt64.self)
    unsafe setRegister(s, operation(c).ra, value)
    unsafe next(s, c, n)
  } else {
    unsafe slowLDQU(s, c, n)
  }
}

@c @inline(never) private func slowLDBU(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 1, opcode: 0x0A) { $0 }
}
@c @inline(never) private func slowLDWU(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 2, opcode: 0x0C) { $0 }
}
@c @inline(never) private func slowLDL(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 4, opcode: 0x28) {
    signExtended(UInt32(truncatingIfNeeded: $0))
  }
}
@c @inline(never) private func slowLDQ(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 8, opcode: 0x29) { $0 }
}
@c @inline(never) private func slowLDS(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 4, opcode: 0x22) {
    MemoryImage.loadS(UInt32(truncatingIfNeeded: $0))
  }
}
@c @inline(never) private func slowLDT(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 8, opcode: 0x23) { $0 }
}
@c @inline(never) private func slowLDF(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 4, opcode: 0x20) {
    MemoryImage.loadF(UInt32(truncatingIfNeeded: $0))
  }
}
@c @inline(never) private func slowLDG(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 8, opcode: 0x21) { MemoryImage.swapG($0) }
}
@c @inline(never) private func slowLDQU(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowLoad(s, c, n, byteCount: 8, opcode: 0x0B) { $0 }
}

// MARK: - Stores

@inline(__always)
private func store<Value: FixedWidthInteger & BitwiseCopyable>(
  _ s: State, _ c: Code, _ n: Int, slow: Handler, _ convert: (UInt64) -> Value
) {
  let va = unsafe address(s, c)
  let entry = unsafe entry(s, va)
  let alignment = UInt64(MemoryLayout<Value>.size &- 1)
  if unsafe _fastPath(entry.pointee.writeTag == va & (~0x1FFF | alignment)) {
    let value = unsafe convert(register(s, operation(c).ra))
    unsafe host(entry.pointee.addend &+ va).storeBytes(of: value, as: Value.self)
    unsafe next(s, c, n)
  } else {
    unsafe slow(s, c, n)
  }
}

@inline(__always)
private func slowStore(
  _ s: State, _ c: Code, _ n: Int, byteCount: Int, opcode: UInt64,
  _ convert: (UInt64) -> UInt64
) {
  let value = unsafe convert(register(s, operation(c).ra))
  let done: Bool = unsafe owner(s) {
    unsafe $0.slowStore(value, va: address(s, c), byteCount: byteCount, opcode: opcode, c, n)
  }
  guard done else { return }
  if unsafe cpuState(s).pointee.attention == 0 {
    unsafe next(s, c, n)
  } else {
    unsafe leaveAfter(s, c, n)
  }
}

@c func stb(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTB) { UInt8(truncatingIfNeeded: $0) }
}
@c func stw(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTW) { UInt16(truncatingIfNeeded: $0) }
}
@c func stl(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTL) { UInt32(truncatingIfNeeded: $0) }
}
@c func stq(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTQ) { $0 }
}
@c func sts(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTS) { MemoryImage.storeS($0) }
}
@c func stt(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTT) { $0 }
}
@c func stf(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTF) { MemoryImage.storeF($0) }
}
@c func stg(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n, slow: slowSTG) { MemoryImage.swapG($0) }
}

/// STQ_U clears the low address bits, so it is never unaligned.
@c func stqU(_ s: State, _ c: Code, _ n: Int) {
  let va = unsafe address(s, c) & ~7
  let entry = unsafe entry(s, va)
  if unsafe _fastPath(entry.pointee.writeTag == va & ~0x1FFF) {
    let value = unsafe register(s, operation(c).ra)
    unsafe host(entry.pointee.addend &+ va).storeBytes(of: value, as: UInt64.self)
    unsafe next(s, c, n)
  } else {
    unsafe slowSTQU(s, c, n)
  }
}

@c @inline(never) private func slowSTB(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 1, opcode: 0x0E) { $0 }
}
@c @inline(never) private func slowSTW(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 2, opcode: 0x0D) { $0 }
}
@c @inline(never) private func slowSTL(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 4, opcode: 0x2C) { $0 }
}
@c @inline(never) private func slowSTQ(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 8, opcode: 0x2D) { $0 }
}
@c @inline(never) private func slowSTS(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 4, opcode: 0x26) { UInt64(MemoryImage.storeS($0)) }
}
@c @inline(never) private func slowSTT(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 8, opcode: 0x27) { $0 }
}
@c @inline(never) private func slowSTF(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 4, opcode: 0x24) { UInt64(MemoryImage.storeF($0)) }
}
@c @inline(never) private func slowSTG(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 8, opcode: 0x25) { MemoryImage.swapG($0) }
}
@c @inline(never) private func slowSTQU(_ s: State, _ c: Code, _ n: Int) {
  unsafe slowStore(s, c, n, byteCount: 8, opcode: 0x0F) { $0 }
}

// MARK: - Load-locked, store-conditional

// The reservation is on an aligned 64-byte physical line (EV6 HRM 4.4). A device's write to the line
// and every return from PALcode break it; the CPU's own stores do not.

@inline(__always)
private func loadLocked(
  _ s: State, _ c: Code, _ n: Int, byteCount: Int, opcode: UInt64,
  _ convert: (UInt64) -> UInt64
) {
  let value: UInt64? = unsafe owner(s) {
    unsafe $0.loadLocked(va: address(s, c), byteCount: byteCount, opcode: opcode, c, n)
  }
  guard let value else { return }
  unsafe setRegister(s, operation(c).ra, convert(value))
  unsafe next(s, c, n)
}

@inline(__always)
private func storeConditional(
  _ s: State, _ c: Code, _ n: Int, byteCount: Int, opcode: UInt64
) {
  let op = unsafe operation(c)
  // RB would be wrong here: the result register is also the source, and R31's result is dropped.
  let value = unsafe register(s, op.rc)
  let stored: Bool? = unsafe owner(s) {
    unsafe $0.storeConditional(
      value, va: address(s, c), byteCount: byteCount, opcode: opcode, c, n)
  }
  guard let stored else { return }
  unsafe setRegister(s, op.ra, stored ? 1 : 0)
  if unsafe cpuState(s).pointee.attention == 0 {
    unsafe next(s, c, n)
  } else {
    unsafe leaveAfter(s, c, n)
  }
}

@c func ldlL(_ s: State, _ c: Code, _ n: Int) {
  unsafe loadLocked(s, c, n, byteCount: 4, opcode: 0x2A) {
    signExtended(UInt32(truncatingIfNeeded: $0))
  }
}
@c func ldqL(_ s: State, _ c: Code, _ n: Int) {
  unsafe loadLocked(s, c, n, byteCount: 8, opcode: 0x2B) { $0 }
}
@c func stlC(_ s: State, _ c: Code, _ n: Int) {
  unsafe storeConditional(s, c, n, byteCount: 4, opcode: 0x2E)
}
@c func stqC(_ s: State, _ c: Code, _ n: Int) {
  unsafe storeConditional(s, c, n, byteCount: 8, opcode: 0x2F)
}
