public import Console
public import DeviceModel

/// A 16550A serial port: eight ports from a multiple of eight on.
///
/// Names and rules follow the National PC16550D data sheet (TL/C/8652). The transmitter takes no
/// time: a character is at the other end when the guest has written it, so a polling guest never
/// waits, and the transmitter is always empty. The receiver takes one character time per character,
/// so that a pasted text arrives no faster than on a real line; and as the host can wait, it never
/// overruns: the line is held while the FIFO is full.
public final class UART16550: ISADevice, Snapshotting {
  private let clock: VirtualClock
  private let line: any CharacterEndpoint
  private let interrupt: InterruptLine
  private var receiveAlarm: VirtualClock.Alarm?
  private var timeoutAlarm: VirtualClock.Alarm?
  private var state = Saved()

  /// A port named `name`, unique on its clock, between a line and an interrupt input.
  public init(
    _ name: String, clock: VirtualClock, line: any CharacterEndpoint, interrupt: InterruptLine
  ) {
    self.clock = clock
    self.line = line
    self.interrupt = interrupt
    receiveAlarm = clock.register("\(name) receiver") { [weak self] in self?.poll() }
    timeoutAlarm = clock.register("\(name) time-out") { [weak self] in self?.timeOut() }
  }

  /// Takes the next character from the line, if the receiver is ready for one. The run loop calls
  /// this when the host may have input; while characters come, an alarm does. The line honours RTS,
  /// so what is typed ahead waits until the guest has set the port up.
  public func poll() {
    guard state.isReadyToReceive, state.hasReceiveSpace else { return }
    guard clock.now >= state.lineFree else { return armReceiver() }
    guard let input = line.receive() else { return }
    state.lineFree = clock.now &+ state.characterTime
    armReceiver()
    switch input {
    case .byte(let byte): accept(ReceivedCharacter(byte: byte, isBreak: false))
    case .breakCondition: accept(ReceivedCharacter(byte: 0, isBreak: true))
    }
  }

  private func armReceiver() {
    if let receiveAlarm { clock.arm(receiveAlarm, at: state.lineFree) }
  }

  // MARK: Ports

  /// Reads a register.
  public func read(port: UInt16) -> UInt8 {
    switch port & 7 {
    case 0 where state.divisorLatchAccess: UInt8(truncatingIfNeeded: state.divisor)
    case 0: readReceiver()
    case 1 where state.divisorLatchAccess: UInt8(state.divisor >> 8)
    case 1: state.interruptEnable
    case 2: readIdentification()
    case 3: state.lineControl
    case 4: state.modemControl
    case 5: readLineStatus()
    case 6: readModemStatus()
    default: state.scratch
    }
  }

  /// Writes a register. The status registers are read-only.
  public func write(port: UInt16, _ value: UInt8) {
    switch port & 7 {
    case 0 where state.divisorLatchAccess:
      state.divisor = state.divisor & 0xFF00 | UInt16(value)
    case 0:
      transmit(value)
    case 1 where state.divisorLatchAccess:
      state.divisor = state.divisor & 0x00FF | UInt16(value) << 8
    case 1:
      // Enabling the transmitter interrupt with the transmitter empty requests one at once.
      if value & ~state.interruptEnable & InterruptEnable.transmitter != 0 {
        state.transmitterRequest = true
      }
      state.interruptEnable = value & 0x0F
    case 2:
      writeFIFOControl(value)
    case 3:
      state.lineControl = value
    case 4:
      setModemControl(value)
    case 5, 6:
      break
    default:
      state.scratch = value
    }
    drive()
  }

  // MARK: Receiver

  private func accept(_ character: ReceivedCharacter) {
    state.received.append(character)
    state.timeoutRequest = false
    restartTimeout()
    drive()
  }

  private func readReceiver() -> UInt8 {
    guard !state.received.isEmpty else { return 0 }
    let wasFull = !state.hasReceiveSpace
    let character = state.received.removeFirst()
    state.timeoutRequest = false
    restartTimeout()
    if wasFull { armReceiver() }
    drive()
    return character.byte
  }

  /// Characters that wait below the trigger level are reported after four character times without
  /// a character coming or being read.
  private func restartTimeout() {
    guard let timeoutAlarm else { return }
    if state.fifosEnabled, !state.received.isEmpty {
      clock.arm(timeoutAlarm, at: clock.now &+ 4 &* state.characterTime)
    } else {
      clock.disarm(timeoutAlarm)
    }
  }

  private func timeOut() {
    guard state.fifosEnabled, !state.received.isEmpty else { return }
    state.timeoutRequest = true
    drive()
  }

  // MARK: Transmitter and FIFOs

  private func transmit(_ byte: UInt8) {
    if state.modemControl & ModemControl.loopback == 0 {
      line.send(byte)
    } else if state.hasReceiveSpace {
      accept(ReceivedCharacter(byte: byte, isBreak: false))
    } else {
      state.hasOverrun = true
    }
    // The write withdraws the request, and the transmitter is empty again at once.
    state.transmitterRequest = true
  }

  private func writeFIFOControl(_ value: UInt8) {
    let enables = value & 0x01 != 0
    if enables != state.fifosEnabled || (enables && value & 0x02 != 0) {
      state.received.removeAll()
      state.timeoutRequest = false
      restartTimeout()
      armReceiver()
    }
    state.fifosEnabled = enables
    // The other bits are taken only together with bit 0.
    if enables { state.trigger = value >> 6 }
  }

  // MARK: Status and interrupts

  private func readLineStatus() -> UInt8 {
    let status = state.lineStatus
    state.hasOverrun = false
    if !state.received.isEmpty { state.received[0].isBreak = false }
    drive()
    return status
  }

  private func readModemStatus() -> UInt8 {
    let status = state.modemInputs | state.modemChanges
    state.modemChanges = 0
    drive()
    return status
  }

  private func setModemControl(_ value: UInt8) {
    let before = state.modemInputs
    state.modemControl = value & 0x1F
    let after = state.modemInputs
    let changed = before ^ after
    // Bits 0, 1 and 3 report any change of CTS, DSR and DCD; bit 2 the end of RI.
    state.modemChanges |= changed >> 4 & 0x0B | (before & ~after) >> 4 & 0x04
  }

  private func readIdentification() -> UInt8 {
    let source = state.interruptSource
    if source == .transmitter {
      state.transmitterRequest = false
      drive()
    }
    return (source?.rawValue ?? 0x01) | (state.fifosEnabled ? 0xC0 : 0)
  }

  /// OUT2 connects the interrupt output to the bus, as on every PC-style port.
  private func drive() {
    interrupt.drive(
      state.interruptSource != nil && state.modemControl & ModemControl.out2 != 0)
  }

  /// Master reset, with the divisor as powered on.
  public func reset() {
    state = Saved()
    if let receiveAlarm { clock.disarm(receiveAlarm) }
    restartTimeout()
    drive()
  }

  // MARK: Saved state

  /// Raised whenever `Saved` changes its meaning.
  public static var savedVersion: Int { 1 }

  /// The registers and the receive FIFO; the clock saves the alarms.
  public func save() -> Saved { state }

  /// Replaces the registers and the FIFO, and drives the interrupt.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    if let fault = saved.fault { throw RestoreFault(fault) }
    state = saved
    drive()
  }
}
