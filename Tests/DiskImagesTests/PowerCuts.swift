import MachineTestKit

@testable import DiskImages

/// The files that a power cut may leave: what was flushed is there, and of what was written since
/// any part, in any order, also a part of one write.
struct PowerCuts {
  var start: MemoryFileStore
  var changes: [MemoryFileStore.Change]

  /// About how many cuts are tried when the tests are to be short.
  var most = Int.max

  private static let sector = 512

  /// Calls `body` with two files for each number of changes that were begun: one that has all of
  /// them, one that has some. Of many changes only some are tried, those beside a flush always.
  func forEach(seed: UInt64, _ body: (_ disk: MemoryFileStore, _ cut: Int) throws -> Void) throws {
    var random = TestRandom(seed: seed)
    let durable = start.copy()
    var durableCount = 0
    let step = TestScale.seeds > 1 ? 1 : max(1, changes.count / most)
    for cut in 0...changes.count {
      if cut > 0, changes[cut - 1] == .flush {
        for change in changes[durableCount..<cut] { durable.apply(change) }
        durableCount = cut
      }
      guard cut % step == 0 || cut == changes.count || changes[cut] == .flush || durableCount == cut
      else { continue }
      let loose = changes[durableCount..<cut]
      for losesSome in [false, true] {
        let disk = durable.copy()
        for change in loose where !losesSome || Bool.random(using: &random) {
          disk.apply(losesSome ? Self.torn(change, &random) : change)
        }
        try body(disk, cut)
      }
    }
  }

  /// A write of several sectors of which only some arrived.
  private static func torn(
    _ change: MemoryFileStore.Change, _ random: inout TestRandom
  ) -> MemoryFileStore.Change {
    guard case .write(let offset, let bytes) = change, bytes.count > sector else { return change }
    let kept = Int.random(in: 1...bytes.count / sector, using: &random) * sector
    return Bool.random(using: &random)
      ? .write(offset: offset, bytes: Array(bytes.prefix(kept)))
      : .write(offset: offset + UInt64(bytes.count - kept), bytes: Array(bytes.suffix(kept)))
  }
}
