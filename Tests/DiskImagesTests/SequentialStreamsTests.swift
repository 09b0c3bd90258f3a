import Testing

@testable import DiskImages

@Suite struct SequentialStreamsTests {
  @Test("A row of requests is followed ever further, up to the window")
  func growth() {
    var streams = SequentialStreams()
    #expect(streams.enter(0..<100, window: 1000) == nil)
    #expect(streams.enter(100..<200, window: 1000) == 200..<300)
    #expect(streams.enter(200..<300, window: 1000) == 300..<500)
    #expect(streams.enter(300..<400, window: 1000) == 500..<700)
    // Half of what is wanted is still ahead.
    #expect(streams.enter(400..<500, window: 1000) == nil)
    #expect(streams.enter(500..<900, window: 1000) == 900..<1700)
    #expect(streams.enter(900..<2900, window: 1000) == 2900..<3900)
  }

  @Test("Rows that alternate are told apart; other requests start nothing")
  func rows() {
    var streams = SequentialStreams()
    for start in stride(from: UInt64(0), to: 600, by: 100) {
      #expect((streams.enter(start..<start + 100, window: 50) != nil) == (start > 0))
      let other = start + 1_000_000
      #expect((streams.enter(other..<other + 100, window: 50) != nil) == (start > 0))
      #expect(streams.enter(start + 5000..<start + 5001, window: 50) == nil)
    }
  }

  @Test("Only a few rows are remembered")
  func limit() {
    var streams = SequentialStreams()
    for row in UInt64(0)..<20 { _ = streams.enter(row * 1000..<row * 1000 + 10, window: 100) }
    #expect(streams.enter(10..<20, window: 100) == nil)
    #expect(streams.enter(19010..<19020, window: 100) != nil)
  }
}
