public import GuestMemory

/// What lies beyond RAM: the slow path of the CPU to the rest of the machine.
public protocol CPUBus: AnyObject {
  /// Reads I/O space or non-existent memory; nil where nothing answers, which is a machine check.
  func read(_ address: PhysicalAddress, byteCount: Int, cpu: Int) -> UInt64?
  /// Writes; false where nothing answers.
  func write(_ address: PhysicalAddress, byteCount: Int, value: UInt64, cpu: Int) -> Bool
  /// Nanoseconds since 1970 on the machine's calendar (processor register WALLTIME).
  func wallTime(cpu: Int) -> UInt64
  /// Asks for the interval-timer interrupt at an absolute guest time; 0 cancels.
  func setAlarm(at time: UInt64, cpu: Int)
  /// Processor register HALT has been written: 0 powers the machine off, another value resets it.
  func halt(_ value: UInt64, cpu: Int)
}
