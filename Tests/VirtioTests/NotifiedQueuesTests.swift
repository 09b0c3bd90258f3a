import DeviceModel
import MachineTestKit
import Testing

@testable import Virtio

@Suite("Notified queues")
struct NotifiedQueuesTests {
  private final class Service {
    var log: [Int] = []
    var wantsMore: Set<Int> = []
    var work = 0
    var spend: (Int) -> Void = { _ in }
  }

  private let clock = VirtualClock()
  private let service = Service()
  private let queues: NotifiedQueues

  init() {
    let service = service
    queues = NotifiedQueues("device", clock: clock, latency: 100) { queue in
      service.log.append(queue)
      service.spend(service.work)
      return service.wantsMore.remove(queue) != nil
    }
    service.spend = { [unowned queues] in queues.spend($0) }
  }

  private func fire() {
    guard let deadline = clock.nextDeadline else { return }
    clock.advance(to: deadline)
    clock.runDueAlarms()
  }

  @Test("served in order, one latency after the first notification")
  func order() {
    clock.advance(to: 1000)
    queues.insert(3)
    clock.advance(to: 1050)
    for queue in [1, 3, 0] { queues.insert(queue) }
    #expect(clock.nextDeadline == 1100)
    #expect(queues.all == [3, 1, 0])
    fire()
    #expect(service.log == [3, 1, 0])
    #expect(clock.nextDeadline == nil)
    #expect(queues.all.isEmpty)
  }

  @Test("a queue that wants to go on is served again a latency later, not in a loop")
  func goingOn() {
    service.wantsMore = [1]
    queues.insert(0)
    queues.insert(1)
    fire()
    #expect(service.log == [0, 1])
    #expect(clock.nextDeadline == 200)
    fire()
    #expect(service.log == [0, 1, 1])
    #expect(clock.nextDeadline == nil)
  }

  @Test("an alarm does its budget of work; what it did not come to is served first by the next")
  func budget() {
    service.work = NotifiedQueues.budget / 2
    service.wantsMore = [0]
    for queue in 0..<4 { queues.insert(queue) }
    fire()
    #expect(service.log == [0, 1])
    #expect(queues.all == [2, 3, 0])
    #expect(clock.nextDeadline == 200)
    fire()
    #expect(service.log == [0, 1, 2, 3])
    fire()
    #expect(service.log == [0, 1, 2, 3, 0])
    #expect(clock.nextDeadline == nil)
  }

  @Test("a reset forgets, and saved numbers of queues that do not exist are refused")
  func state() throws {
    queues.insert(1)
    queues.reset()
    #expect(clock.nextDeadline == nil)
    #expect(queues.all.isEmpty)
    let device = EchoDevice()
    try queues.restore([0, 1], of: device)
    #expect(queues.all == [0, 1])
    for bad in [[-1], [2], [1, 1]] {
      #expect(throws: RestoreFault.self) { try queues.restore(bad, of: device) }
    }
    #expect(queues.all == [0, 1])
  }

  @Test("A device takes no request that it does not want; what is left comes at the next service")
  func wanted() throws {
    let rig = try Rig()
    rig.device.answersAtOnce = false
    let queue = try rig.running()
    for _ in 0..<3 { try queue.add([.readable(0x8000, 1)]) }
    var served = 0
    for total in [2, 3] {
      let mayHaveMore = rig.function.core.serve(queue: 0) {
        (_: inout DescriptorChain) throws(QueueFault) -> UInt32 in
        served += 1
        return 0
      } while: {
        served < 2 || total == 3
      }
      #expect(served == total)
      #expect(mayHaveMore == (total == 2))
    }
    #expect(try queue.takeUsed().count == 3)
  }
}
