/// One 8259A priority interrupt controller, as the 82378 contains two. Pure state: no lines, no bus.
///
/// Names and rules follow the Intel 8259A data sheet (231468); the edge/level register is that of
/// the 82378 data sheet (290473).
struct InterruptController8259: Codable, Equatable, Sendable {
  /// Which initialization command word comes next.
  private enum Initialization: String, Codable {
    case notStarted, word2, word3, word4, complete
  }

  /// Levels of the inputs IR7-IR0.
  private(set) var inputs: UInt8 = 0
  /// Edge sense latches: the input has risen and was not acknowledged since.
  private var edges: UInt8 = 0
  /// Interrupt mask register (OCW1).
  private(set) var mask: UInt8 = 0
  /// In-service register.
  private(set) var inService: UInt8 = 0
  /// The level with the lowest priority; the next one has the highest.
  private var lowestPriority: UInt8 = 7
  /// ICW2, bits 7:3.
  private(set) var vectorBase: UInt8 = 0
  /// ICW3 of a master: inputs that carry a slave.
  private var slaveInputs: UInt8 = 0
  /// 82378 edge/level control register: 1 = level.
  private(set) var edgeLevelControl: UInt8 = 0

  private var initialization = Initialization.notStarted
  private var wantsWord4 = false
  private var isSingle = false
  private var autoEOI = false
  private var rotatesOnAutoEOI = false
  private var specialFullyNested = false
  private var specialMask = false
  private var readsInService = false
  private var pollsNext = false

  private let isMaster: Bool
  private let edgeLevelMask: UInt8

  init(isMaster: Bool) {
    self.isMaster = isMaster
    // 82378 ELCR: IRQ0, IRQ1, IRQ2, IRQ8 and IRQ13 are always edge-triggered.
    edgeLevelMask = isMaster ? 0xF8 : 0xDE
  }

  // MARK: Inputs and priority

  /// Sets the level of one input.
  mutating func setInput(_ level: Int, _ isHigh: Bool) {
    let bit: UInt8 = 1 << UInt8(level & 7)
    if isHigh {
      if inputs & bit == 0 { edges |= bit }
      inputs |= bit
    } else {
      // An edge-triggered request must stay high until it is acknowledged; else the answer is the
      // default IR7 (8259A, "Edge and level triggered modes").
      edges &= ~bit
      inputs &= ~bit
    }
  }

  /// Interrupt request register: inputs that ask for service, masked or not.
  var requests: UInt8 { inputs & (edges | edgeLevelControl | cascade) }

  /// Inputs that carry a slave. Its INT falls at every acknowledge, so level and edge agree.
  private var cascade: UInt8 { isMaster && !isSingle ? slaveInputs : 0 }

  /// The INT output.
  var interrupts: Bool { pending != nil }

  /// Whether the input carries a slave that answers the acknowledge cycle.
  func isSlave(_ level: UInt8) -> Bool { cascade >> level & 1 == 1 }

  private var pending: UInt8? {
    guard initialization == .complete, let candidate = highest(of: requests & ~mask) else {
      return nil
    }
    var blocking = inService
    if specialMask { blocking &= ~mask }
    guard let current = highest(of: blocking) else { return candidate }
    // A slave in service may ask again: one of its higher inputs has a request.
    let isReopened = specialFullyNested && isSlave(candidate) && candidate == current
    return rank(candidate) < rank(current) || isReopened ? candidate : nil
  }

  /// 0 for the highest priority.
  private func rank(_ level: UInt8) -> UInt8 { (level &- lowestPriority &- 1) & 7 }

  private func highest(of levels: UInt8) -> UInt8? {
    (1...8).lazy.map { (lowestPriority &+ $0) & 7 }.first { levels >> $0 & 1 == 1 }
  }

  /// The interrupt acknowledge cycle: the level that is taken into service, or 7 when the request
  /// has gone (the spurious interrupt, which sets no in-service bit).
  mutating func acknowledge() -> UInt8 {
    guard let level = pending else { return 7 }
    edges &= ~(1 << level)
    if autoEOI {
      if rotatesOnAutoEOI { lowestPriority = level }
    } else {
      inService |= 1 << level
    }
    return level
  }

  // MARK: Registers

  /// Reads with A0 = 0: the register that OCW3 selected, or the answer to a poll.
  mutating func readCommandPort() -> UInt8 {
    if pollsNext { return poll() }
    return readsInService ? inService : requests
  }

  /// Reads with A0 = 1: the mask, or the answer to a poll.
  mutating func readDataPort() -> UInt8 { pollsNext ? poll() : mask }

  /// A poll is an acknowledge whose answer has bit 7 set when there was a request.
  private mutating func poll() -> UInt8 {
    pollsNext = false
    return interrupts ? 0x80 | acknowledge() : 0
  }

  /// Writes with A0 = 0: ICW1, OCW2 or OCW3, told apart by bits 4 and 3.
  mutating func writeCommandPort(_ value: UInt8) {
    if value & 0x10 != 0 {
      startInitialization(value)
    } else if value & 0x08 != 0 {
      writeOCW3(value)
    } else {
      writeOCW2(value)
    }
  }

  /// Writes with A0 = 1: the next initialization word, or OCW1.
  mutating func writeDataPort(_ value: UInt8) {
    switch initialization {
    case .word2:
      vectorBase = value & 0xF8
      initialization = isSingle ? (wantsWord4 ? .word4 : .complete) : .word3
    case .word3:
      if isMaster { slaveInputs = value }
      initialization = wantsWord4 ? .word4 : .complete
    case .word4:
      autoEOI = value & 0x02 != 0
      specialFullyNested = value & 0x10 != 0
      initialization = .complete
    case .notStarted, .complete:
      mask = value
    }
  }

  /// The edge/level control register keeps only the inputs that can be either.
  mutating func writeEdgeLevelControl(_ value: UInt8) { edgeLevelControl = value & edgeLevelMask }

  /// ICW1. Its trigger bit is not used: the edge/level control register decides (82378).
  private mutating func startInitialization(_ value: UInt8) {
    edges = 0
    mask = 0
    inService = 0
    lowestPriority = 7
    specialMask = false
    readsInService = false
    pollsNext = false
    autoEOI = false
    rotatesOnAutoEOI = false
    specialFullyNested = false
    isSingle = value & 0x02 != 0
    wantsWord4 = value & 0x01 != 0
    initialization = .word2
  }

  private mutating func writeOCW2(_ value: UInt8) {
    let level = value & 7
    switch value >> 5 {
    case 0b001: _ = endHighest()
    case 0b011: inService &= ~(1 << level)
    case 0b101: if let ended = endHighest() { lowestPriority = ended }
    case 0b111:
      inService &= ~(1 << level)
      lowestPriority = level
    case 0b100: rotatesOnAutoEOI = true
    case 0b000: rotatesOnAutoEOI = false
    case 0b110: lowestPriority = level
    default: break
    }
  }

  /// Non-specific end of interrupt. In special mask mode, masked levels are passed over.
  private mutating func endHighest() -> UInt8? {
    guard let level = highest(of: specialMask ? inService & ~mask : inService) else { return nil }
    inService &= ~(1 << level)
    return level
  }

  private mutating func writeOCW3(_ value: UInt8) {
    if value & 0x04 != 0 { pollsNext = true }
    if value & 0x02 != 0 { readsInService = value & 0x01 != 0 }
    if value & 0x40 != 0 { specialMask = value & 0x20 != 0 }
  }

  // MARK: Saved state

  /// Why these values can not be a chip's state, if so.
  func fault(asMaster master: Bool) -> String? {
    guard isMaster == master, edgeLevelMask == Self(isMaster: master).edgeLevelMask else {
      return "8259: master and slave are exchanged"
    }
    guard lowestPriority < 8, vectorBase & 7 == 0, edgeLevelControl & ~edgeLevelMask == 0,
      master || slaveInputs == 0
    else { return "8259: a field holds a value that the chip cannot hold" }
    return nil
  }
}
