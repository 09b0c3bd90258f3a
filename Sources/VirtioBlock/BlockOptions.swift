import Virtio

/// How a block device is set up.
public struct BlockOptions: Equatable, Sendable {
  /// What GET_ID answers: at most 20 ASCII characters.
  public var serial: String
  /// Request queues, 1 to 16.
  public var queueCount: Int
  /// Entries of each queue: a power of two, 4 to 1024.
  public var queueSize: UInt16
  /// Nanoseconds between a notification and the service of what it announced.
  public var latency: UInt64

  /// Options; the defaults suit every driver.
  public init(
    serial: String = "", queueCount: Int = 1, queueSize: UInt16 = 256, latency: UInt64 = 20_000
  ) {
    self.serial = serial
    self.queueCount = queueCount
    self.queueSize = queueSize
    self.latency = latency
  }

  /// Throws where an option is out of its range.
  func check() throws(BlockSetUpError) {
    guard serial.utf8.count <= BlockDevice.serialSize, serial.utf8.allSatisfy({ $0 < 0x80 }) else {
      throw .badSerial(serial)
    }
    guard (1...16).contains(queueCount) else { throw .badQueueCount(queueCount) }
    guard QueueLayout.isValidSize(queueSize), (4...1024).contains(queueSize) else {
      throw .badQueueSize(queueSize)
    }
  }
}

/// Why a block device cannot be built.
public enum BlockSetUpError: Error, Equatable, CustomStringConvertible {
  /// The serial is too long or not ASCII.
  case badSerial(String)
  /// The number of queues is out of range.
  case badQueueCount(Int)
  /// The queue size is out of range.
  case badQueueSize(UInt16)

  /// One line for the user.
  public var description: String {
    switch self {
    case .badSerial(let serial):
      "disk serial '\(serial)' is not at most \(BlockDevice.serialSize) ASCII characters"
    case .badQueueCount(let count): "\(count) disk queues: 1 to 16 are possible"
    case .badQueueSize(let size):
      "disk queue size \(size) is not a power of two from 4 to 1024"
    }
  }
}
