internal import AlphaFloat
public import DeviceModel

extension AlphaCPU: Snapshotting {
  /// The architecture state of one CPU as plain data; translations and blocks are rebuilt.
  public struct Saved: Codable, Equatable, Sendable {
    /// R0 to R31 outside PALmode, the eight PALmode shadows, F0 to F31, processor registers 0 to 63.
    public var integer, shadow, float, processor: [UInt64]
    /// The next instruction.
    public var pc: UInt64
    /// 0 kernel, 1 PALmode, 2 user.
    public var mode: UInt64
    /// Floating-point control register.
    public var fpcr: UInt64
    /// Locked 64-byte line, all ones for none.
    public var lockLine: UInt64
    /// Flag of RC and RS.
    public var interruptFlag: UInt64
    /// Asserted interrupt pins.
    public var pins: InterruptPin
    /// Whether the CPU sleeps.
    public var isWaiting: Bool
    /// Last value of ALARM.
    public var alarm: UInt64
    /// Instructions executed.
    public var instructionCount: UInt64
    /// Guest time minus instruction count.
    public var timeOffset: UInt64
  }

  /// Raised whenever `Saved` changes its meaning.
  public static var savedVersion: Int { 1 }

  /// The state between two calls of ``run(budget:)``.
  public func save() -> Saved {
    func registers(_ first: UInt8, _ count: UInt8) -> [UInt64] {
      (0..<count).map { unsafe register(stateBlock, first + $0) }
    }
    return unsafe Saved(
      integer: registers(RegisterIndex.integer, 32), shadow: registers(RegisterIndex.shadow, 8),
      float: registers(RegisterIndex.float, 32),
      processor: registers(RegisterIndex.processor, 64), pc: pc, mode: state.pointee.modeTag,
      fpcr: state.pointee.fpcr, lockLine: state.pointee.lockLine,
      interruptFlag: state.pointee.interruptFlag,
      pins: InterruptPin(rawValue: state.pointee.pins), isWaiting: state.pointee.isWaiting,
      alarm: alarm, instructionCount: instructionCount, timeOffset: state.pointee.timeOffset)
  }

  /// Takes saved state over, or throws and changes nothing.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    try saved.check()
    guard let mode = Mode(rawValue: saved.mode) else {
      throw RestoreFault("mode \(saved.mode) is none of 0, 1, 2")
    }
    func setRegisters(_ first: UInt8, _ values: [UInt64]) {
      for (index, value) in values.enumerated() {
        unsafe setRegister(stateBlock, first + UInt8(index), value)
      }
    }
    setRegisters(RegisterIndex.integer, saved.integer)
    setRegisters(RegisterIndex.shadow, saved.shadow)
    setRegisters(RegisterIndex.float, saved.float)
    setRegisters(RegisterIndex.processor, saved.processor)
    pc = saved.pc
    setMode(mode)
    unsafe state.pointee.fpcr = saved.fpcr
    unsafe state.pointee.lockLine = saved.lockLine
    unsafe state.pointee.interruptFlag = saved.interruptFlag
    unsafe state.pointee.pins = saved.pins.rawValue
    unsafe state.pointee.isWaiting = saved.isWaiting
    unsafe state.pointee.instructionCount = saved.instructionCount
    unsafe state.pointee.timeOffset = saved.timeOffset
    alarm = saved.alarm
    deadEnd = nil
    flushTranslations()
    code.removeAll()
  }
}

extension AlphaCPU.Saved {
  /// Throws for what no CPU can have saved.
  fileprivate func check() throws(RestoreFault) {
    guard integer.count == 32, float.count == 32, shadow.count == 8, processor.count == 64,
      integer[31] == 0, float[31] == 0
    else { throw RestoreFault("register files of the wrong size, or R31 or F31 not zero") }
    for (index, value) in processor.enumerated() {
      let writable = Self.writableBits(ofProcessorRegister: index)
      guard value & ~writable == 0 else {
        throw RestoreFault(
          "processor register \(index) is 0x\(String(value, radix: 16)), has bits outside "
            + "0x\(String(writable, radix: 16))")
      }
    }
    guard pc & 3 == 0 else { throw RestoreFault("PC 0x\(String(pc, radix: 16)) is unaligned") }
    guard FPCR(fpcr).value == fpcr else {
      throw RestoreFault("FPCR 0x\(String(fpcr, radix: 16)) has reserved bits, or a wrong SUM")
    }
    guard lockLine == .max || lockLine & 63 == 0 else {
      throw RestoreFault("locked line 0x\(String(lockLine, radix: 16)) is no multiple of 64")
    }
    guard interruptFlag <= 1 else {
      throw RestoreFault("interrupt flag \(interruptFlag) is none of 0, 1")
    }
    guard pins.isSubset(of: .all) else {
      throw RestoreFault("interrupt pins 0x\(String(pins.rawValue, radix: 16)): there are four")
    }
  }

  /// What HW_MTPR can make of a processor register.
  private static func writableBits(ofProcessorRegister number: Int) -> UInt64 {
    switch ProcessorRegister(rawValue: UInt16(number)) {
    case .ps: 0xF
    case .fen: 1
    case .cycleCounterOffset: 0xFFFF_FFFF
    case .palBase: ~3
    case .addressSpaceNumber: 0xFF
    // 32 to 39 are general registers; the others below the scratch registers do not exist.
    case nil where number < ProcessorRegister.scratch0.rawValue: 0
    default: .max
    }
  }
}
