public import DeviceModel

/// The 8042 keyboard controller at ports 0x60 and 0x64, with nothing plugged in.
///
/// The controller's own commands work, so that drivers find a controller; what they send to the
/// keyboard or the mouse times out, as it does with an empty socket: 0xFE and the time-out bit.
public final class KeyboardController8042: ISADevice, Snapshotting {
  private enum Status {
    static let outputFull: UInt8 = 0x01
    static let systemFlag: UInt8 = 0x04
    static let lastWasCommand: UInt8 = 0x08
    static let notInhibited: UInt8 = 0x10
    static let timeout: UInt8 = 0x40
  }

  private let interrupt: InterruptLine
  private var state = Saved()

  /// A controller whose replies raise `interrupt` when the guest has enabled that.
  public init(interrupt: InterruptLine) { self.interrupt = interrupt }

  /// Reads the reply (port 0x60) or the status.
  public func read(port: UInt16) -> UInt8 {
    guard port == 0x60 else { return status }
    let reply = state.reply ?? 0
    state.reply = nil
    state.hasTimedOut = false
    drive()
    return reply
  }

  /// Writes data (port 0x60) or a command.
  public func write(port: UInt16, _ value: UInt8) {
    state.lastWasCommand = port != 0x60
    if state.lastWasCommand { command(value) } else { data(value) }
    drive()
  }

  private var status: UInt8 {
    Status.notInhibited | (state.commandByte & Status.systemFlag)
      | (state.reply != nil ? Status.outputFull : 0)
      | (state.lastWasCommand ? Status.lastWasCommand : 0)
      | (state.hasTimedOut ? Status.timeout : 0)
  }

  private func command(_ value: UInt8) {
    state.expectsCommandByte = false
    switch value {
    case 0x20: state.reply = state.commandByte
    case 0x60: state.expectsCommandByte = true
    case 0xA7: state.commandByte |= 0x20
    case 0xA8: state.commandByte &= ~0x20
    case 0xAA:  // self-test
      state.commandByte |= Status.systemFlag
      state.reply = 0x55
    case 0xA9, 0xAB: state.reply = 0x00  // interface tests: the lines are free
    case 0xAD: state.commandByte |= 0x10
    case 0xAE: state.commandByte &= ~0x10
    default: break
    }
  }

  private func data(_ value: UInt8) {
    if state.expectsCommandByte {
      state.commandByte = value
      state.expectsCommandByte = false
    } else {
      state.reply = 0xFE
      state.hasTimedOut = true
    }
  }

  private func drive() { interrupt.drive(state.reply != nil && state.commandByte & 1 != 0) }

  /// A controller that no command has reached yet.
  public func reset() {
    state = Saved()
    drive()
  }

  /// The controller as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    fileprivate var commandByte: UInt8 = 0
    fileprivate var reply: UInt8?
    fileprivate var hasTimedOut = false
    fileprivate var lastWasCommand = false
    fileprivate var expectsCommandByte = false
  }

  /// Raised whenever `Saved` changes its meaning.
  public static var savedVersion: Int { 1 }

  /// The registers.
  public func save() -> Saved { state }

  /// Replaces the registers; every value is possible.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    state = saved
    drive()
  }
}
