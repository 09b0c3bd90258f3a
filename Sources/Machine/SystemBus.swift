internal import AlphaCPU
internal import DeviceModel
internal import GuestMemory
internal import Tsunami

/// What a CPU meets beyond RAM: the chipset, the clock and the power switch.
final class SystemBus: CPUBus {
  private let io: SystemIO
  private let clock: VirtualClock
  private let trace: DeviceTrace
  private let startDate: UInt64
  private var alarms: [VirtualClock.Alarm] = []
  /// The CPU whose access is carried out.
  private var accessor = 0
  /// The CPUs, set once when the machine is assembled.
  var cpus: [AlphaCPU] = []
  /// What processor register HALT was last written with, until the run loop takes it.
  var haltRequest: UInt64?

  init(io: SystemIO, clock: VirtualClock, trace: DeviceTrace, startDate: UInt64) {
    self.io = io
    self.clock = clock
    self.trace = trace
    self.startDate = startDate
    trace.origin = { [weak self] in
      self.map { "cpu\($0.accessor) pc 0x\(String($0.cpus[$0.accessor].pc, radix: 16))" }
    }
  }

  /// Registers the CPUs' alarms, which share a latch with the interval timer (MISC.ITINTR).
  func registerAlarms(cpuCount: Int) {
    alarms = (0..<cpuCount).map { cpu in
      clock.register("cpu\(cpu).alarm") { [cchip = io.cchip] in
        cchip.requestTimerInterrupt(cpu: cpu)
      }
    }
  }

  func read(_ address: PhysicalAddress, byteCount: Int, cpu: Int) -> UInt64? {
    synchronize(cpu)
    guard let width = AccessWidth(rawValue: byteCount),
      let value = try? io.read(address, width, cpu: cpu)
    else {
      reportNonExistent(address, byteCount, "read", cpu)
      return nil
    }
    return value
  }

  func write(_ address: PhysicalAddress, byteCount: Int, value: UInt64, cpu: Int) -> Bool {
    synchronize(cpu)
    guard let width = AccessWidth(rawValue: byteCount),
      (try? io.write(address, width, value, cpu: cpu)) != nil
    else {
      reportNonExistent(address, byteCount, "write", cpu)
      return false
    }
    return true
  }

  func wallTime(cpu: Int) -> UInt64 {
    synchronize(cpu)
    return startDate &* 1_000_000_000 &+ clock.now
  }

  func setAlarm(at time: UInt64, cpu: Int) {
    synchronize(cpu)
    if time == 0 { clock.disarm(alarms[cpu]) } else { clock.arm(alarms[cpu], at: time) }
  }

  func halt(_ value: UInt64, cpu: Int) {
    synchronize(cpu)
    haltRequest = value
    cpus[cpu].requestAttention()
  }

  /// Devices see the time of the access, not of the slice's start, and traces its instruction.
  private func synchronize(_ cpu: Int) {
    clock.advance(to: cpus[cpu].time)
    accessor = cpu
  }

  private func reportNonExistent(
    _ address: PhysicalAddress, _ byteCount: Int, _ direction: String, _ cpu: Int
  ) {
    io.cchip.recordNonExistentMemory(from: .cpu(cpu))
    trace.trace(
      .unclaimed,
      "\(direction) of \(byteCount) bytes at \(address), where nothing answers: machine check")
  }
}
