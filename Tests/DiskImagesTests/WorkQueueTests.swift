import Foundation
import Synchronization
import Testing

@testable import DiskImages

@Suite struct WorkQueueTests {
  private func square(_ value: Int) -> Int { value * value }

  private func result(_ job: WorkQueue<Int, Int>.Job, of queue: WorkQueue<Int, Int>) -> Int {
    switch queue.take(job, helpingWith: square) {
    case .input(let value): square(value)
    case .output(let result): result
    }
  }

  @Test(
    "Every job gives its result, whoever does it and in whichever order they are asked for",
    arguments: [0, 1, 3], [false, true])
  func results(threads: Int, isReversed: Bool) {
    let queue = WorkQueue<Int, Int>(threads: threads) { { $0 * $0 } }
    for round in 0..<50 {
      let jobs = (0..<40).map { queue.submit($0 + round) }
      var results: [Int] = []
      for job in isReversed ? jobs.reversed() : jobs { results.append(result(job, of: queue)) }
      if isReversed { results.reverse() }
      #expect(results == (0..<40).map { square($0 + round) })
    }
  }

  @Test("The owner may sleep until a job is done")
  func sleeping() {
    let queue = WorkQueue<Int, Int>(threads: 2) { { $0 * $0 } }
    for _ in 0..<200 {
      let jobs = (0..<5).map { queue.submit($0) }
      #expect(jobs.map { queue.output(of: $0) } == [0, 1, 4, 9, 16])
    }
  }

  @Test("Without threads an input comes back as it was")
  func noThreads() {
    let queue = WorkQueue<Int, Int>(threads: 0) { { _ in 0 } }
    let first = queue.submit(1)
    let second = queue.submit(2)
    if case .input(let value) = queue.take(second, helpingWith: square) {
      #expect(value == 2)
    } else {
      Issue.record("a job that no thread could begin was begun")
    }
    #expect(result(first, of: queue) == 1)
  }

  @Test("An abandoned job is not begun, and its neighbours are not disturbed")
  func abandoning() {
    let begun = Counter()
    let gate = DispatchSemaphore(value: 0)
    let queue = WorkQueue<Int, Int>(threads: 1) {
      {
        begun.value.add(1, ordering: .relaxed)
        if $0 == 0 { gate.wait() }
        return $0 * $0
      }
    }
    // The only thread is kept busy until all is submitted.
    let jobs = (0..<20).map { queue.submit($0) }
    while begun.value.load(ordering: .relaxed) == 0 { sched_yield() }
    for job in jobs where ![jobs[0], jobs[7], jobs[19]].contains(job) { queue.abandon(job) }
    gate.signal()
    #expect([0, 7, 19].map { queue.output(of: jobs[$0]) } == [0, 49, 361])
    #expect(begun.value.load(ordering: .relaxed) == 3)
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}
