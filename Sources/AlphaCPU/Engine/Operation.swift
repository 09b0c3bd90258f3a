/// Code of one predecoded operation.
///
/// All handlers share this signature and convention, which is what makes the compiler turn the call
/// of the next one into a jump: state block, address of the operation, instructions left in the
/// slice after the running block.
typealias Handler =
  @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int) -> Void

/// The state block, as handlers get it.
typealias State = UnsafeMutableRawPointer
/// The running operation, as handlers get it.
typealias Code = UnsafeMutableRawPointer

/// One predecoded operation, 16 bytes.
@safe
struct DecodedOperation: BitwiseCopyable {
  /// What executes it.
  @unsafe var handler: Handler
  /// Register operands, as ``RegisterIndex``.
  var ra: UInt8 = RegisterIndex.sink
  /// See `ra`.
  var rb: UInt8 = 31
  /// See `ra`.
  var rc: UInt8 = RegisterIndex.sink
  /// Guest instructions of the block that are not done when this one starts, itself included.
  var toGo: UInt8 = 0
  /// A 32-bit operand; operations that can trap keep the word number in the page in the upper half.
  var immediate: Int32 = 0

  static let size = 16
}

extension DecodedOperation {
  /// A 16-bit operand beside the place of the instruction in its page.
  @inline(__always)
  static func packed(_ operand: Int, word: Int) -> Int32 {
    Int32(truncatingIfNeeded: (word << 16) | (operand & 0xFFFF))
  }

  /// The signed 16-bit operand.
  @inline(__always)
  var operand: UInt64 {
    UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: immediate)))
  }

  /// Byte offset of the instruction in its page.
  @inline(__always)
  var pageOffset: UInt64 {
    UInt64(UInt32(bitPattern: immediate) >> 16) &<< 2
  }
}

/// What precedes the first operation of a block.
struct BlockHeader: BitwiseCopyable {
  /// What the block was built for; a stub's is that of its block.
  var key: UInt64
  /// Guest instructions in the block.
  var count: UInt32
  /// Word number of the first instruction in its page.
  var word: UInt32

  static let size = 16
  static let countOffset = -8
  static let wordOffset = -4
}

/// The successors of a block, right behind its last operation.
@safe
struct BlockLink: BitwiseCopyable {
  /// The block of a taken branch.
  @unsafe var taken: Code
  /// The block of a branch that is not taken.
  @unsafe var fall: Code

  static let size = 16
  static let fallOffset = 8
}

// MARK: - Access for handlers

@inline(__always)
func operation(_ code: Code) -> DecodedOperation {
  unsafe code.load(as: DecodedOperation.self)
}

@inline(__always)
func cpuState(_ state: State) -> UnsafeMutablePointer<CPUState> {
  unsafe state.assumingMemoryBound(to: CPUState.self)
}

@inline(__always)
func register(_ state: State, _ index: UInt8) -> UInt64 {
  unsafe state.load(fromByteOffset: Int(index) &<< 3, as: UInt64.self)
}

@inline(__always)
func setRegister(_ state: State, _ index: UInt8, _ value: UInt64) {
  unsafe state.storeBytes(of: value, toByteOffset: Int(index) &<< 3, as: UInt64.self)
}

// MARK: - Going on

/// Executes the operation behind this one.
@inline(__always)
func next(_ state: State, _ code: Code, _ left: Int) {
  let following = unsafe code + DecodedOperation.size
  let handler = unsafe following.load(as: Handler.self)
  unsafe handler(state, following, left)
}

/// Executes a block, if it fits the slice.
@inline(__always)
func enter(_ state: State, _ block: Code, _ left: Int) {
  let count = unsafe block.load(fromByteOffset: BlockHeader.countOffset, as: UInt32.self)
  let after = left &- Int(count)
  if _fastPath(after >= 0) {
    let handler = unsafe block.load(as: Handler.self)
    unsafe handler(state, block, after)
  } else {
    unsafe leaveBeforeBlock(state, block, left)
  }
}

/// Executes the block at a virtual address.
@inline(__always)
func jump(_ state: State, _ code: Code, _ target: UInt64, _ left: Int) {
  let cpu = unsafe cpuState(state)
  let entry = unsafe cpu.pointee.bank + JumpCache.offset(of: target)
  if unsafe _fastPath(
    entry.load(as: UInt64.self) == target ^ cpu.pointee.modeTag)
  {
    unsafe cpu.pointee.pcPage = target & ~0x1FFF
    unsafe enter(state, entry.load(fromByteOffset: 8, as: Code.self), left)
  } else {
    unsafe cpu.pointee.pc = target
    unsafe leaveToLookUp(state, code, left)
  }
}

/// The block does not fit the slice; also the first operation of one whose guest code has changed.
@c @inline(never)
func leaveBeforeBlock(_ state: State, _ block: Code, _ left: Int) {
  let cpu = unsafe cpuState(state)
  let word = unsafe block.load(fromByteOffset: BlockHeader.wordOffset, as: UInt32.self)
  unsafe cpu.pointee.pc = cpu.pointee.pcPage &+ UInt64(word) &<< 2
  unsafe cpu.pointee.budget = left
}

/// The next instruction is at `pc`.
@c @inline(never)
func leaveToLookUp(_ state: State, _ code: Code, _ left: Int) {
  unsafe cpuState(state).pointee.budget = left
}

/// Leaves behind the running operation, which has been completed.
@inline(__always)
func leaveAfter(_ state: State, _ code: Code, _ left: Int) {
  let cpu = unsafe cpuState(state)
  let operation = unsafe operation(code)
  unsafe cpu.pointee.pc = cpu.pointee.pcPage &+ operation.pageOffset &+ 4
  unsafe cpu.pointee.budget = left &+ Int(operation.toGo) &- 1
}

/// Executes the operation behind a slow path, unless the outside world wants to look first.
@inline(__always)
func nextUnlessAttention(_ state: State, _ code: Code, _ left: Int) {
  if unsafe cpuState(state).pointee.attention == 0 {
    unsafe next(state, code, left)
  } else {
    unsafe leaveAfter(state, code, left)
  }
}

// MARK: - Links

/// Stands where a successor in the same page is not known yet.
///
/// `immediate` is the word number of the target, `toGo` the distance back to the link.
@c
func linkStub(_ state: State, _ code: Code, _ left: Int) {
  let cpu = unsafe cpuState(state)
  let stub = unsafe operation(code)
  unsafe cpu.pointee.pc = cpu.pointee.pcPage &+ UInt64(truncatingIfNeeded: stub.immediate) &<< 2
  unsafe cpu.pointee.linkSite = code - Int(stub.toGo)
  unsafe cpu.pointee.budget = left
}

/// Stands for a successor in another page, `immediate` bytes from the start of this one.
@c
func crossPage(_ state: State, _ code: Code, _ left: Int) {
  let distance = unsafe UInt64(bitPattern: Int64(operation(code).immediate))
  let target = unsafe cpuState(state).pointee.pcPage &+ distance
  unsafe jump(state, code, target, left)
}
