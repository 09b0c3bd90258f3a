import Virtio

/// How a block device is set up.
public struct BlockOptions: Equatable, Sendable {
  /// How many request queues there can be.
  public static let queueCounts = 1...16
  /// How many entries a queue can have, where they are a power of two.
  public static let queueSizes: ClosedRange<UInt16> = 4...1024

  /// What GET_ID answers: at most 20 ASCII characters.
  public var serial: String
  /// Request queues, ``queueCounts``.
  public var queueCount: Int
  /// Entries of each queue: a power of two in ``queueSizes``.
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
    guard Self.queueCounts.contains(queueCount) else { throw .badQueueCount(queueCount) }
    guard QueueLayout.isValidSize(queueSize), Self.queueSizes.contains(queueSize) else {
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
    case .badQueueCount(let count): "\(count) disk queues: \(BlockOptions.queueCounts) are possible"
    case .badQueueSize(let size):
      "disk queue size \(size) is not a power of two in \(BlockOptions.queueSizes)"
    }
  }
}
