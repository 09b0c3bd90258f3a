internal import AlphaFloat

// Loads and stores. The fast path is one compare of the TLB's tag with page number and alignment
// bits of the address, then the access; everything else goes through the class.
//
// `ra` is the register, `rb` the base, `rc` the opcode of the instruction, which tells the one slow
// path what to do. That there is only one is deliberate: functions that differ in a constant are
// merged by the optimiser, and a merged function does not keep its tail calls.

@inline(__always)
func address(_ s: State, _ c: Code) -> UInt64 {
  let op = unsafe operation(c)
  return unsafe register(s, op.rb) &+ op.operand
}

@inline(__always)
func entry(_ s: State, _ va: UInt64) -> UnsafeMutablePointer<TranslationEntry> {
  unsafe (cpuState(s).pointee.dataTLB + TranslationBuffers.offset(of: va))
    .assumingMemoryBound(to: TranslationEntry.self)
}

@inline(__always)
func host(_ bits: UInt64) -> UnsafeMutableRawPointer {
  unsafe UnsafeMutableRawPointer(bitPattern: UInt(bits)).unsafelyUnwrapped
}

/// Opcodes of the memory format that access memory.
enum MemoryOpcode {
  static let ldbu: UInt8 = 0x0A
  static let ldqU: UInt8 = 0x0B
  static let ldwu: UInt8 = 0x0C
  static let stw: UInt8 = 0x0D
  static let stb: UInt8 = 0x0E
  static let stqU: UInt8 = 0x0F
  static let ldf: UInt8 = 0x20
  static let ldg: UInt8 = 0x21
  static let lds: UInt8 = 0x22
  static let stf: UInt8 = 0x24
  static let stg: UInt8 = 0x25
  static let sts: UInt8 = 0x26
  static let ldl: UInt8 = 0x28
  static let ldlL: UInt8 = 0x2A
  static let stl: UInt8 = 0x2C
  static let stlC: UInt8 = 0x2E

  /// Bytes that an opcode moves.
  @inline(__always)
  static func byteCount(_ opcode: UInt8) -> Int {
    switch opcode {
    case ldbu, stb: 1
    case ldwu, stw: 2
    case ldl, stl, ldlL, stlC, lds, sts, ldf, stf: 4
    default: 8
    }
  }
}

// MARK: - Loads

@inline(__always)
func load<Value: FixedWidthInteger & BitwiseCopyable>(
  _ s: State, _ c: Code, _ n: Int, as type: Value.Type, _ convert: (Value) -> UInt64
) {
  let va = unsafe address(s, c)
  let entry = unsafe entry(s, va)
  let alignment = UInt64(MemoryLayout<Value>.size &- 1)
  if unsafe _fastPath(entry.pointee.readTag == va & (~0x1FFF | alignment)) {
    let value = unsafe host(entry.pointee.addend &+ va).load(as: Value.self)
    unsafe setRegister(s, operation(c).ra, convert(value))
    unsafe next(s, c, n)
  } else {
    unsafe slowLoad(s, c, n)
  }
}

@c func ldbu(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt8.self) { UInt64($0) }
}
@c func ldwu(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt16.self) { UInt64($0) }
}
@c func ldl(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: Int32.self) { UInt64(bitPattern: Int64($0)) }
}
/// LDQ and LDT.
@c func ldq(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt64.self) { $0 }
}
@c func lds(_ s: State, _ c: Code, _ n: Int) {
  unsafe load(s, c, n, as: UInt32.self) { MemoryImage.loadS($0) }
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
    unsafe slowLoad(s, c, n)
  }
}

/// Any load, through the class: alignment first, then translation, then RAM or the bus. LDF and LDG
/// have no other way.
@c @inline(never)
func slowLoad(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let value: UInt64? = unsafe owner(s) { unsafe $0.slowLoad(address(s, c), op.rc, c, n) }
  guard let value else { return }
  let image =
    switch op.rc {
    case MemoryOpcode.ldl, MemoryOpcode.ldlL: IntegerSemantics.long(value)
    case MemoryOpcode.lds: MemoryImage.loadS(UInt32(truncatingIfNeeded: value))
    case MemoryOpcode.ldf: MemoryImage.loadF(UInt32(truncatingIfNeeded: value))
    case MemoryOpcode.ldg: MemoryImage.swapG(value)
    default: value
    }
  unsafe setRegister(s, op.ra, image)
  unsafe nextUnlessAttention(s, c, n)
}

// MARK: - Stores

@inline(__always)
func store<Value: FixedWidthInteger & BitwiseCopyable>(
  _ s: State, _ c: Code, _ n: Int, _ convert: (UInt64) -> Value
) {
  let va = unsafe address(s, c)
  let entry = unsafe entry(s, va)
  let alignment = UInt64(MemoryLayout<Value>.size &- 1)
  if unsafe _fastPath(entry.pointee.writeTag == va & (~0x1FFF | alignment)) {
    let value = unsafe convert(register(s, operation(c).ra))
    unsafe host(entry.pointee.addend &+ va).storeBytes(of: value, as: Value.self)
    unsafe next(s, c, n)
  } else {
    unsafe slowStore(s, c, n)
  }
}

@c func stb(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n) { UInt8(truncatingIfNeeded: $0) }
}
@c func stw(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n) { UInt16(truncatingIfNeeded: $0) }
}
@c func stl(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n) { UInt32(truncatingIfNeeded: $0) }
}
/// STQ and STT.
@c func stq(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n) { $0 }
}
@c func sts(_ s: State, _ c: Code, _ n: Int) {
  unsafe store(s, c, n) { MemoryImage.storeS($0) }
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
    unsafe slowStore(s, c, n)
  }
}

/// Any store, through the class. STF and STG have no other way.
@c @inline(never)
func slowStore(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let image = unsafe register(s, op.ra)
  let value =
    switch op.rc {
    case MemoryOpcode.sts: UInt64(MemoryImage.storeS(image))
    case MemoryOpcode.stf: UInt64(MemoryImage.storeF(image))
    case MemoryOpcode.stg: MemoryImage.swapG(image)
    default: image
    }
  let done: Bool = unsafe owner(s) { unsafe $0.slowStore(value, address(s, c), op.rc, c, n) }
  guard done else { return }
  unsafe nextUnlessAttention(s, c, n)
}

// MARK: - Load-locked, store-conditional

// The reservation is on an aligned 64-byte physical line (EV6 HRM 4.4). A device's write to the line
// and every return from PALcode break it; the CPU's own stores do not.

/// LDL_L and LDQ_L.
@c func loadLocked(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let value: UInt64? = unsafe owner(s) { unsafe $0.loadLocked(address(s, c), op.rc, c, n) }
  guard let value else { return }
  let image = op.rc == MemoryOpcode.ldlL ? IntegerSemantics.long(value) : value
  unsafe setRegister(s, op.ra, image)
  unsafe nextUnlessAttention(s, c, n)
}

/// STL_C and STQ_C: the register is the source and then takes the answer.
@c func storeConditional(_ s: State, _ c: Code, _ n: Int) {
  let op = unsafe operation(c)
  let value = op.ra == RegisterIndex.sink ? 0 : unsafe register(s, op.ra)
  let stored: Bool? = unsafe owner(s) {
    unsafe $0.storeConditional(value, address(s, c), op.rc, c, n)
  }
  guard let stored else { return }
  unsafe setRegister(s, op.ra, stored ? 1 : 0)
  unsafe nextUnlessAttention(s, c, n)
}
