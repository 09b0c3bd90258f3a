public import GuestMemory

/// One EV67: architecture state, translation buffers, translated code, and the loop that runs it.
///
/// Instructions are decoded once into blocks of operations whose handlers call each other in tail
/// position; the class is entered only for what the handlers cannot do in a few instructions.
@safe
public final class AlphaCPU {
  /// The number that the CPU has in the machine.
  public let number: Int
  let ram: GuestRAM
  unowned let bus: any CPUBus
  @unsafe let state: UnsafeMutablePointer<CPUState>
  @unsafe let stateBlock: State
  private(set) var addressSpaces: AddressSpaces
  /// The TLBs of the current address space.
  var buffers: TranslationBuffers { unsafe TranslationBuffers(base: state.pointee.bank) }
  /// The jump cache of the current address space.
  var jumpCache: JumpCache { unsafe JumpCache(base: state.pointee.bank) }
  let code: CodeCache

  /// Every block holds one instruction: slow, but each step can be observed.
  public var isSingleStepping = false {
    didSet { if isSingleStepping != oldValue { flushTranslations() } }
  }

  /// Why the CPU cannot go on, where no PALcode could be entered.
  public internal(set) var deadEnd: String?

  /// Called with every exception, interrupt and PAL call that enters PALcode, when set.
  public var didEnterPALcode: ((PALEntryRecord) -> Void)? {
    didSet { unsafe state.pointee.observesPALcode = didEnterPALcode != nil }
  }

  /// Processor register ALARM as last written.
  var alarm: UInt64 = 0

  #if DEBUG
    /// Debug builds lose the tail calls: the budget bounds the stack.
    static let sliceLimit = 4096
  #else
    static let sliceLimit = 1 << 24
  #endif

  /// A CPU in the state of power-on; see ``reset(pc:arguments:)``.
  public init(number: Int, ram: GuestRAM, bus: any CPUBus) {
    self.number = number
    self.ram = ram
    self.bus = bus
    let byteCount =
      CPUState.reservedByteCount + AddressSpaces.bankCount * AddressSpaces.bankByteCount
    unsafe stateBlock = .allocate(byteCount: byteCount, alignment: 8192)
    unsafe stateBlock.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    unsafe state = stateBlock.bindMemory(to: CPUState.self, capacity: 1)
    let banks = unsafe stateBlock + CPUState.reservedByteCount
    unsafe addressSpaces = AddressSpaces(base: banks)
    code = CodeCache(ram: ram)
    precondition(MemoryLayout<CPUState>.size <= CPUState.reservedByteCount)
    unsafe state.initialize(
      to: CPUState(
        bank: banks, dataTLB: banks + TranslationBuffers.kernelData, ramBase: ram.hostBase,
        ramByteCount: ram.byteCount, owner: Unmanaged.passUnretained(self)))
    ram.addObserver(self)
    flushTranslations()
  }

  deinit { unsafe stateBlock.deallocate() }

  /// The state that the firmware finds: PALmode at `pc`, which is also PALBR, floating point
  /// enabled, IPL 0, TRAP_ARG0-2 as given, all else zero.
  public func reset(pc: UInt64, arguments: (UInt64, UInt64, UInt64)) {
    let pc = pc & ~3
    for index in 0..<192 { unsafe setRegister(stateBlock, UInt8(index), 0) }
    self[.fen] = 1
    self[.palBase] = pc
    self[.trapArgument0] = arguments.0
    self[.trapArgument1] = arguments.1
    self[.trapArgument2] = arguments.2
    unsafe state.pointee.fpcr = 0
    unsafe state.pointee.lockLine = .max
    unsafe state.pointee.interruptFlag = 0
    unsafe state.pointee.isWaiting = false
    unsafe state.pointee.pc = pc
    alarm = 0
    deadEnd = nil
    setMode(.pal)
    flushTranslations()
    code.removeAll()
  }

  // MARK: - Seen from outside

  /// The next instruction. Setting it keeps the mode.
  public var pc: UInt64 {
    get { unsafe state.pointee.pc }
    set { unsafe state.pointee.pc = newValue & ~3 }
  }

  /// An integer register as the present mode sees it.
  public subscript(integer number: Int) -> UInt64 {
    get { unsafe register(stateBlock, RegisterIndex.integer(number & 31, inPALmode: isInPALmode)) }
    set {
      guard number & 31 != 31 else { return }
      unsafe setRegister(
        stateBlock, RegisterIndex.integer(number & 31, inPALmode: isInPALmode), newValue)
    }
  }

  /// A floating-point register's 64-bit image.
  public subscript(float number: Int) -> UInt64 {
    get { unsafe register(stateBlock, RegisterIndex.float + UInt8(number & 31)) }
    set {
      guard number & 31 != 31 else { return }
      unsafe setRegister(stateBlock, RegisterIndex.float + UInt8(number & 31), newValue)
    }
  }

  /// A processor register that is plain storage.
  public internal(set) subscript(register: ProcessorRegister) -> UInt64 {
    get { unsafe AlphaCPUState.load(stateBlock, register) }
    set { unsafe AlphaCPUState.store(stateBlock, register, newValue) }
  }

  /// Whether PALcode runs.
  public var isInPALmode: Bool { unsafe state.pointee.modeTag == Mode.pal.rawValue }

  /// Whether user mode is the current mode.
  public var isInUserMode: Bool { unsafe state.pointee.modeTag == Mode.user.rawValue }

  /// Instructions executed since power-on, an exception counting as one.
  public var instructionCount: UInt64 {
    unsafe state.pointee.instructionCount
      &+ UInt64(truncatingIfNeeded: state.pointee.sliceBudget &- state.pointee.budget)
  }

  /// Guest time in nanoseconds: one for each instruction, plus idle time that was skipped.
  public var time: UInt64 { unsafe instructionCount &+ state.pointee.timeOffset }

  /// Moves the CPU's time forward to `time`, while it does not run.
  public func skip(to time: UInt64) {
    guard time > self.time else { return }
    unsafe state.pointee.timeOffset = time &- instructionCount
  }

  /// Whether the CPU sleeps until an interrupt is requested.
  public var isWaiting: Bool { unsafe state.pointee.isWaiting && state.pointee.pins == 0 }

  /// Drives one interrupt pin.
  public func drive(_ pin: InterruptPin, _ asserted: Bool) {
    if asserted {
      unsafe state.pointee.pins |= pin.rawValue
      unsafe state.pointee.attention = 1
    } else {
      unsafe state.pointee.pins &= ~pin.rawValue
    }
  }

  /// Makes a running ``run(budget:)`` return at the next opportunity. To be called from within bus
  /// accesses only.
  public func requestAttention() { unsafe state.pointee.attention = 1 }

  // MARK: - Running

  /// Executes at most `budget` instructions; returns earlier when something outside may have to be
  /// done. The instruction count is exact in every case.
  public func run(budget: Int) {
    var remaining = budget
    unsafe state.pointee.attention = 0
    // A link that waited to be resolved may be gone by now.
    unsafe state.pointee.linkSite = nil
    while remaining > 0, deadEnd == nil {
      if unsafe state.pointee.isWaiting {
        guard unsafe state.pointee.pins != 0 else { return }
        unsafe state.pointee.isWaiting = false
      }
      deliverInterrupt()
      let slice = min(remaining, Self.sliceLimit)
      beginSlice(slice)
      if let block = unsafe prepareBlock(limit: slice) {
        unsafe enter(stateBlock, block, slice)
      }
      remaining -= endSlice()
      if unsafe state.pointee.attention != 0 { return }
    }
  }

  private func beginSlice(_ budget: Int) {
    unsafe state.pointee.sliceBudget = budget
    unsafe state.pointee.budget = budget
  }

  /// Adds what the slice executed to the count and returns it.
  private func endSlice() -> Int {
    let executed = unsafe state.pointee.sliceBudget &- state.pointee.budget
    unsafe state.pointee.instructionCount &+= UInt64(truncatingIfNeeded: executed)
    unsafe state.pointee.sliceBudget = 0
    unsafe state.pointee.budget = 0
    return executed
  }

  /// The block at `pc`, cut to `limit` instructions; nil when fetching it trapped.
  private func prepareBlock(limit: Int) -> Code? {
    let site = unsafe state.pointee.linkSite
    unsafe state.pointee.linkSite = nil
    let pc = unsafe state.pointee.pc
    unsafe state.pointee.pcPage = pc & ~0x1FFF
    if unsafe site == nil,
      let block = unsafe jumpCache.block(pc, modeTag: state.pointee.modeTag),
      unsafe 1...limit ~= CodeCache.instructionCount(block)
    {
      return unsafe block
    }
    guard let physical = fetchAddress(pc) else { return nil }
    let key = BlockKey(
      physicalPC: physical, mode: mode, floatEnabled: self[.fen] & 1 != 0,
      single: isSingleStepping)
    let generation = code.generation
    let known = unsafe code.block(key)
    let block = unsafe known ?? code.build(key, addressSpaces: addressSpaces)
    let wasEmptied = code.generation != generation
    if wasEmptied { flushJumps() }
    guard unsafe CodeCache.instructionCount(block) <= limit else {
      return unsafe code.buildTruncated(key, limit: limit)
    }
    if !wasEmptied, let site = unsafe site { unsafe code.link(site, to: block, key) }
    unsafe jumpCache.insert(pc, modeTag: state.pointee.modeTag, block)
    return unsafe block
  }

  // MARK: - Mode

  var mode: Mode { unsafe Mode(rawValue: state.pointee.modeTag) ?? .kernel }

  func setMode(_ mode: Mode) {
    unsafe state.pointee.modeTag = mode.rawValue
    unsafe state.pointee.dataTLB =
      state.pointee.bank
      + (mode == .user ? TranslationBuffers.userData : TranslationBuffers.kernelData)
  }

  /// Records that the CPU can neither go on nor enter PALcode.
  func stop(_ reason: String) {
    deadEnd = reason
    requestAttention()
  }

  /// Makes the translations of another address space the ones in use.
  func selectAddressSpace(_ number: UInt64) {
    addressSpaces.select(number)
    didChangeBank()
  }

  /// Forgets all cached translations of virtual addresses.
  func flushTranslations() {
    addressSpaces.flush(keeping: self[.addressSpaceNumber])
    didChangeBank()
  }

  /// Forgets the cached translation of one virtual address.
  func flushTranslation(_ va: UInt64) { addressSpaces.flush(va) }

  /// Forgets which blocks jumps lead to: instructions decode to something else.
  func flushJumps() { addressSpaces.flushJumps() }

  private func didChangeBank() {
    unsafe state.pointee.bank = addressSpaces.bank
    setMode(mode)
  }
}

/// What happened when PALcode was entered, for traces.
public struct PALEntryRecord: Sendable {
  /// Offset of the entry from PALBR.
  public var entry: UInt64
  /// EXC_ADDR: where PALcode will return to.
  public var exceptionAddress: UInt64
  /// TRAP_ARG0 to TRAP_ARG2.
  public var arguments: (UInt64, UInt64, UInt64)
}

/// Plain storage of processor registers in the register file.
enum AlphaCPUState {
  @inline(__always)
  static func load(_ state: State, _ index: ProcessorRegister) -> UInt64 {
    unsafe register(state, RegisterIndex.processor &+ UInt8(index.rawValue & 63))
  }

  @inline(__always)
  static func store(_ state: State, _ index: ProcessorRegister, _ value: UInt64) {
    unsafe setRegister(state, RegisterIndex.processor &+ UInt8(index.rawValue & 63), value)
  }
}
