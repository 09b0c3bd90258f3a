import DeviceModel
import GuestMemory
import MachineTestKit
import PCI

@testable import Virtio

/// A device that answers at once: it copies what it reads to what it writes.
final class EchoDevice: VirtioDevice {
  let name = "echo0"
  let type = VirtioDeviceType.block
  var features = VirtioFeatures(bit: 5)
  let queueSizes: [UInt16] = [16, 16]
  var configuration: [UInt8] = [1, 2, 3, 4, 5]
  var configurationWrites: [(offset: Int, bytes: [UInt8])] = []
  var notifications: [Int] = []
  var starts = 0
  var resets = 0
  var answersAtOnce = true
  weak var core: VirtioCore?

  func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    configurationWrites.append((offset, bytes))
  }
  func attach(to core: VirtioCore) { self.core = core }
  func start() { starts += 1 }
  func reset() { resets += 1 }

  func notified(queue: Int) {
    notifications.append(queue)
    if answersAtOnce { drain(queue) }
  }

  func drain(_ queue: Int) {
    guard let core else { return }
    var rounds = 0
    while rounds < 4, core.serve(queue: queue, echo) { rounds += 1 }
  }

  private func echo(_ chain: inout DescriptorChain) throws(QueueFault) -> UInt32 {
    var buffer = [UInt8](repeating: 0, count: 64)
    do throws(DMAFault) {
      while true {
        var span = buffer.mutableSpan
        let count = try chain.readable.read(into: &span)
        guard count > 0 else { break }
        guard try chain.writable.write(buffer.span.extracting(0..<count)) > 0 else { break }
      }
    } catch {
      throw .answerUnreachable(head: chain.head, error)
    }
    return UInt32(chain.writable.written)
  }
}

/// An echo device on PCI with flat memory below.
typealias Rig = VirtioRig<EchoDevice>

extension Rig {
  static let version1: UInt64 = 1 << 32
  static let platform: UInt64 = 1 << 33
  static let indirect: UInt64 = 1 << 28
  static let eventIndex: UInt64 = 1 << 29

  convenience init(
    interface: VirtioInterface = .modern, policy: DMAPolicy = DMAPolicy(),
    separatePhysical: Bool = false, busMaster: Bool = true
  ) throws {
    try self.init(
      interface: interface, policy: policy, memoryByteCount: 1 << 20,
      separatePhysical: separatePhysical
    ) { _, _ in EchoDevice() }
    function.writeConfiguration(4, .word, busMaster ? 7 : 3)
  }

  func queue(at base: UInt64 = 0x1000, size: UInt16 = 16) throws -> DriverSideQueue {
    try DriverSideQueue(memory, at: base, size: size)
  }

  /// A running device with queue 0 enabled.
  func running(_ features: UInt64 = Rig.version1 | Rig.platform) throws -> DriverSideQueue {
    let queue = try queue()
    try registers.negotiate(features)
    try registers.enable(queue)
    try registers.driverOK()
    return queue
  }
}
