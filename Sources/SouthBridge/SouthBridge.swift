public import Console
public import DeviceModel
import PCI

/// The ISA side of the board: bridge, interrupt controllers, timers, real-time clock and serial
/// port, wired as on the clipper board.
///
/// | Device | Ports | Interrupt |
/// |---|---|---|
/// | DMA controllers | 0x00-0x0F, 0x80-0x8F, 0xC0-0xDF | |
/// | interrupt controllers | 0x20-0x21, 0xA0-0xA1, 0x4D0-0x4D1 | `interrupt` |
/// | interval timer, port B | 0x40-0x43, 0x61 | IRQ0 |
/// | keyboard controller | 0x60, 0x64 | IRQ1, IRQ12 |
/// | real-time clock | 0x70-0x71 | `intervalTick` |
/// | COM1 | 0x3F8-0x3FF | IRQ4 |
/// | exit register | 0x500-0x503 | |
public final class SouthBridge {
  /// Where the parts of the bridge reach out.
  public struct Connections {
    /// The interrupt controllers' output: DRIR bit 55 on this board.
    public var interrupt: InterruptLine
    /// Called for each tick of the real-time clock: the chipset's interval timer pin.
    public var intervalTick: () -> Void
    /// Called with each value that a guest writes to the exit register.
    public var exit: (UInt32) -> Void

    /// Names every connection.
    public init(
      interrupt: InterruptLine = InterruptLine(), intervalTick: @escaping () -> Void = {},
      exit: @escaping (UInt32) -> Void = { _ in }
    ) {
      self.interrupt = interrupt
      self.intervalTick = intervalTick
      self.exit = exit
    }
  }

  /// The I/O ports: the subtractive agent of the PCI bus.
  public let ports = ISABus()
  /// The function to attach to the PCI bus.
  public let bridge = PCIISABridge()

  private let console: any CharacterEndpoint
  private let interruptControllers: InterruptControllerPair
  private let intervalTimer: IntervalTimer8254
  private let realTimeClock: RealTimeClock
  private let keyboardController: KeyboardController8042
  private let dmaControllers = DMAController8237()
  private let com1: UART16550

  /// Assembles the bridge.
  ///
  /// - Parameters:
  ///   - clock: The machine's clock.
  ///   - startDate: What the real-time clock shows at time zero, in seconds since 1970-01-01
  ///     00:00:00.
  ///   - console: The other end of COM1's line.
  ///   - connections: Where interrupts, ticks and results go.
  public init(
    clock: VirtualClock, startDate: Int64, console: any CharacterEndpoint,
    _ connections: Connections
  ) {
    self.console = console
    let controllers = InterruptControllerPair(output: connections.interrupt)
    let timer = IntervalTimer8254(
      clock: clock, irq0: controllers.input(0),
      isWatched: { [weak controllers] in controllers?.isEnabled(0) ?? false })
    controllers.inputsWillBeExamined = { [weak timer] in timer?.refresh() }
    interruptControllers = controllers
    intervalTimer = timer
    realTimeClock = RealTimeClock(
      clock: clock, startDate: startDate, intervalTick: connections.intervalTick)
    keyboardController = KeyboardController8042(
      keyboard: controllers.input(1), mouse: controllers.input(12))
    com1 = UART16550("COM1", clock: clock, line: console, interrupt: controllers.input(4))

    ports.attach(dmaControllers, at: 0x00...0x0F, 0x80...0x8F, 0xC0...0xDF)
    ports.attach(controllers, at: 0x20...0x21, 0xA0...0xA1, 0x4D0...0x4D1)
    ports.attach(timer, at: 0x40...0x43, 0x61...0x61)
    ports.attach(keyboardController, at: 0x60...0x60, 0x64...0x64)
    ports.attach(realTimeClock, at: 0x70...0x71)
    ports.attach(com1, at: 0x3F8...0x3FF)
    ports.attach(
      ExitRegister(report: connections.exit), at: ExitRegister.port...ExitRegister.port + 3)
    bridge.resetDevices = { [weak self] in self?.resetDevices() }
  }

  /// A PCI interrupt acknowledge cycle: the vector of the interrupt controllers.
  public func acknowledgeInterrupt() -> UInt8 { interruptControllers.acknowledge() }

  /// Exchanges console data with the host. The run loop calls this between slices.
  public func poll() {
    console.service()
    com1.poll()
  }

  /// The memory of the real-time clock, which no reset clears: 114 bytes, and no other number is taken.
  public var nonvolatileMemory: [UInt8] {
    get { realTimeClock.nonvolatileMemory }
    set { realTimeClock.nonvolatileMemory = newValue }
  }

  /// Every device behind the bridge starts anew, but the clock and its memory run on their battery.
  private func resetDevices() {
    intervalTimer.reset()
    realTimeClock.reset()
    keyboardController.reset()
    dmaControllers.reset()
    com1.reset()
    interruptControllers.reset()
  }
}

extension SouthBridge: Snapshotting {
  /// Every device's state.
  public struct Saved: Codable, Equatable, Sendable {
    fileprivate var bridge: ConfigurationSpace.Saved
    fileprivate var interruptControllers: InterruptControllerPair.Saved
    fileprivate var intervalTimer: IntervalTimer8254.Saved
    fileprivate var realTimeClock: RealTimeClock.Saved
    fileprivate var keyboardController: KeyboardController8042.Saved
    fileprivate var dmaControllers: DMAController8237.Saved
    fileprivate var com1: UART16550.Saved
  }

  /// Version 1.
  public static var savedVersion: Int { 1 }

  /// Every device's state; the virtual clock is saved by its owner.
  public func save() -> Saved {
    Saved(
      bridge: bridge.configuration.save(), interruptControllers: interruptControllers.save(),
      intervalTimer: intervalTimer.save(), realTimeClock: realTimeClock.save(),
      keyboardController: keyboardController.save(), dmaControllers: dmaControllers.save(),
      com1: com1.save())
  }

  /// Restores every device, or none. Restore the virtual clock first, as the timer's output depends
  /// on the time.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    let before = save()
    do throws(RestoreFault) {
      try apply(saved)
    } catch {
      // The former state was taken from these devices, so they accept it.
      try apply(before)
      throw error
    }
  }

  /// The interrupt controllers come last: the wires of the others change their inputs.
  private func apply(_ saved: Saved) throws(RestoreFault) {
    try bridge.configuration.restore(saved.bridge)
    try intervalTimer.restore(saved.intervalTimer)
    try realTimeClock.restore(saved.realTimeClock)
    try keyboardController.restore(saved.keyboardController)
    try dmaControllers.restore(saved.dmaControllers)
    try com1.restore(saved.com1)
    try interruptControllers.restore(saved.interruptControllers)
  }
}
