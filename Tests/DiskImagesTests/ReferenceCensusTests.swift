import Testing

@testable import DiskImages

@Suite struct ReferenceCensusTests {
  @Test("C1: random references that overlap are counted like in a plain array")
  func plainModel() {
    var generator = TestRandom(seed: 20_261_122)
    for _ in 0..<20 {
      var census = ReferenceCensus()
      var model = [UInt64](repeating: 0, count: 3000)
      for _ in 0..<20_000 {
        let first = UInt64.random(in: 0..<2990, using: &generator)
        let clusters = first..<first + UInt64.random(in: 0...10, using: &generator)
        let references = UInt64.random(in: 1...3, using: &generator)
        census.add(clusters, references)
        for cluster in clusters { model[Int(cluster)] += references }
      }
      let counts = census.result()
      #expect((0..<3000).map { counts[$0] } == model)
      let reader = counts.reader()
      #expect((0..<3000).map { reader($0) } == model)
      #expect(counts.highest == model.max())
      var listed = [UInt64](repeating: 0, count: 3000)
      for run in counts.runs {
        for cluster in run.clusters { listed[Int(cluster)] = run.references }
      }
      #expect(listed == model)
    }
  }

  @Test("C1: rows of clusters cost one step each, in whatever order they come")
  func rowsAreOneStep() {
    var census = ReferenceCensus()
    for start in [5, 1, 3, 0, 2, 4] as [UInt64] {
      census.add(start * 100_000..<(start + 1) * 100_000)
    }
    #expect(census.result().stepCount == 2)
    #expect(census.result()[599_999] == 1)
    #expect(census.result()[600_000] == 0)
  }

  @Test("C1: a sum stops at 2^32 - 1")
  func saturation() {
    var census = ReferenceCensus()
    census.add(7..<8, .max)
    _ = census.result()
    census.add(7..<9, 5)
    #expect(census.result()[7] == UInt64(UInt32.max))
    #expect(census.result()[8] == 5)
    #expect(census.result()[6] == 0)
  }
}
