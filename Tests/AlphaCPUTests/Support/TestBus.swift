import AlphaCPU
import GuestMemory

/// A bus with a few device registers, which records what the CPU does to it.
final class TestBus: CPUBus {
  struct Access: Equatable {
    var address: UInt64
    var byteCount: Int
    /// Written value, nil for a read.
    var value: UInt64?
  }

  /// Addresses that answer, with what they read as.
  var registers: [UInt64: UInt64] = [:]
  var accesses: [Access] = []
  var alarms: [UInt64] = []
  var halts: [UInt64] = []
  /// Called within every write, as a device would act on it.
  var didWrite: ((UInt64) -> Void)?
  /// Called within every read.
  var didRead: ((UInt64) -> Void)?

  func read(_ address: PhysicalAddress, byteCount: Int, cpu: Int) -> UInt64? {
    accesses.append(Access(address: address.rawValue, byteCount: byteCount))
    didRead?(address.rawValue)
    return registers[address.rawValue]
  }

  func write(_ address: PhysicalAddress, byteCount: Int, value: UInt64, cpu: Int) -> Bool {
    accesses.append(Access(address: address.rawValue, byteCount: byteCount, value: value))
    guard registers[address.rawValue] != nil else { return false }
    registers[address.rawValue] = value
    didWrite?(address.rawValue)
    return true
  }

  func wallTime(cpu: Int) -> UInt64 { 1_000_000_007 }
  func setAlarm(at time: UInt64, cpu: Int) { alarms.append(time) }
  func halt(_ value: UInt64, cpu: Int) { halts.append(value) }
}
