import AlphaCPU
import AlphaISA
import Foundation
import Synchronization
import Testing

@Suite("Tail calls")
struct TailCallTests {
  #if DEBUG
    static let isOptimized = false
  #else
    static let isOptimized = true
  #endif

  /// A loop with loads, stores, a call and a fused compare, 11 instructions a round.
  private static func executed(_ count: Int) throws -> (count: UInt64, rounds: UInt64) {
    let bench = try Bench()
    bench.cpu.didEnterPALcode = nil
    try bench.start([
      Encode.ldq(1, 0, 16), Encode.addq(1, literal: 1, 1), Encode.stq(1, 0, 16),
      Encode.branch(.bsr, 26, 6), Encode.operate(.sll, 1, literal: 3, 4),
      Encode.operate(.extbl, 4, 1, 5), Encode.operate(.cmoveq, 5, 1, 6),
      Encode.operate(.cmpeq, 1, 31, 7), Encode.branch(.beq, 7, -9), Encode.stay,
      Encode.memory(.stl, 1, 64, 16), Encode.jump(.ret, 31, 26),
    ])
    bench.cpu[integer: 16] = Bench.kseg + Bench.data
    bench.cpu.run(budget: count)
    return (bench.cpu.instructionCount, bench.quadword(Bench.data))
  }

  @Test(
    "16 million instructions in one slice fit a stack of 256 KB",
    .enabled(if: isOptimized, "debug builds have no tail calls: run this with -c release"))
  func hugeSlice() throws {
    let result = Mutex<(count: UInt64, rounds: UInt64)?>(nil)
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      let executed = try? Self.executed(11 * 1_450_000)
      result.withLock { $0 = executed }
      done.signal()
    }
    thread.stackSize = 256 << 10
    thread.start()
    done.wait()
    let executed = try #require(result.withLock { $0 })
    #expect(executed.count == 11 * 1_450_000)
    #expect(executed.rounds == 1_450_000)
  }
}
