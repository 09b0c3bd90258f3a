extension AlphaCPU {
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
  public func restore(_ saved: Saved) throws(InvalidCPUState) {
    guard saved.integer.count == 32, saved.float.count == 32, saved.shadow.count == 8,
      saved.processor.count == 64, saved.integer[31] == 0, saved.float[31] == 0
    else { throw InvalidCPUState("register files of the wrong size, or R31 or F31 not zero") }
    guard let mode = Mode(rawValue: saved.mode) else {
      throw InvalidCPUState("mode \(saved.mode) is none of 0, 1, 2")
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
    flushTranslations()
    code.removeAll()
  }
}

/// Why saved CPU state was refused.
public struct InvalidCPUState: Error, Equatable, CustomStringConvertible {
  /// What was wrong, in one line.
  public let description: String
  /// Describes what was wrong.
  init(_ description: String) { self.description = description }
}
