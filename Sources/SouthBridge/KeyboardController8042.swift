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
    static let outputIsMouse: UInt8 = 0x20
    static let timeout: UInt8 = 0x40
  }

  /// Bits of the command byte.
  private enum CommandByte {
    static let keyboardInterrupt: UInt8 = 0x01
    static let mouseInterrupt: UInt8 = 0x02
    static let systemFlag: UInt8 = 0x04
    static let keyboardDisabled: UInt8 = 0x10
    static let mouseDisabled: UInt8 = 0x20
  }

  /// What the output buffer holds, and on whose behalf.
  fileprivate struct Reply: Codable, Equatable, Sendable {
    var byte: UInt8
    var isMouse = false
    var hasTimedOut = false
  }

  private let keyboard: InterruptLine
  private let mouse: InterruptLine
  private var state = Saved()

  /// A controller whose replies for the keyboard and for the mouse raise these interrupts when the
  /// guest has enabled them.
  public init(keyboard: InterruptLine, mouse: InterruptLine) {
    self.keyboard = keyboard
    self.mouse = mouse
  }

  /// Reads the reply (port 0x60) or the status.
  public func read(port: UInt16) -> UInt8 {
    guard port == 0x60 else { return status }
    let byte = state.reply?.byte ?? 0
    state.reply = nil
    drive()
    return byte
  }

  /// Writes data (port 0x60) or a command.
  public func write(port: UInt16, _ value: UInt8) {
    state.lastWasCommand = port != 0x60
    if state.lastWasCommand { command(value) } else { data(value) }
    drive()
  }

  private var status: UInt8 {
    var status = Status.notInhibited
    if state.commandByte & CommandByte.systemFlag != 0 { status |= Status.systemFlag }
    if state.lastWasCommand { status |= Status.lastWasCommand }
    guard let reply = state.reply else { return status }
    status |= Status.outputFull
    if reply.isMouse { status |= Status.outputIsMouse }
    if reply.hasTimedOut { status |= Status.timeout }
    return status
  }

  private func command(_ value: UInt8) {
    state.awaitsByte = nil
    switch value {
    case 0x20: answer(state.commandByte)
    // A byte follows: for the controller's memory, output port or output buffer, or for the mouse.
    case 0x60...0x7F, 0xD1...0xD4: state.awaitsByte = value
    case 0xA7: state.commandByte |= CommandByte.mouseDisabled
    case 0xA8: state.commandByte &= ~CommandByte.mouseDisabled
    case 0xAA:  // self-test
      state.commandByte |= CommandByte.systemFlag
      answer(0x55)
    case 0xA9, 0xAB: answer(0x00)  // interface tests: the lines are free
    case 0xAD: state.commandByte |= CommandByte.keyboardDisabled
    case 0xAE: state.commandByte &= ~CommandByte.keyboardDisabled
    case 0xC0: answer(0xB0)  // input port: keyboard not locked, no jumper set
    case 0xD0: answer(0xCF)  // output port: no reset, A20 on, lines to the sockets idle
    default: break
    }
  }

  private func answer(_ byte: UInt8) { state.reply = Reply(byte: byte) }

  /// The parameter of a command, or a byte for the keyboard.
  private func data(_ value: UInt8) {
    switch state.awaitsByte {
    case nil: state.reply = Reply(byte: 0xFE, hasTimedOut: true)
    case 0x60: state.commandByte = value
    case 0xD2: state.reply = Reply(byte: value)
    case 0xD3: state.reply = Reply(byte: value, isMouse: true)
    case 0xD4: state.reply = Reply(byte: 0xFE, isMouse: true, hasTimedOut: true)
    default: break  // nothing here depends on the output port or the rest of the memory
    }
    state.awaitsByte = nil
  }

  private func drive() {
    let enables = state.commandByte
    let (forKeyboard, forMouse) = (state.reply?.isMouse == false, state.reply?.isMouse == true)
    keyboard.drive(forKeyboard && enables & CommandByte.keyboardInterrupt != 0)
    mouse.drive(forMouse && enables & CommandByte.mouseInterrupt != 0)
  }

  /// A controller that no command has reached yet.
  public func reset() {
    state = Saved()
    drive()
  }

  /// The controller as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    fileprivate var commandByte: UInt8 = 0
    fileprivate var reply: Reply?
    fileprivate var lastWasCommand = false
    /// The command that takes the next byte of data.
    fileprivate var awaitsByte: UInt8?
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
