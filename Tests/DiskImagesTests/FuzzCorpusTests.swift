import Foundation
import FuzzKit
import Testing

/// The inputs that `scripts/fuzz` found worth keeping, those that once broke something among them.
@Suite struct FuzzCorpusTests {
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(components: "FuzzKit", "Corpus")

  /// Unoptimized code is slower by far; `scripts/fuzz --replay` has the real bound, and one for
  /// memory.
  private static let limit = 20.0

  @Test("I1-I80: kept inputs break no promise and end soon", arguments: FuzzTarget.allCases)
  func replay(target: FuzzTarget) throws {
    let directory = Self.corpus.appending(component: target.rawValue)
    let files = try FileManager.default.contentsOfDirectory(
      at: directory, includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    // All that once broke something, which have names, and a few of the rest: unoptimized code is
    // slow, and `scripts/fuzz --replay` runs them all.
    let sorted = files.sorted { $0.lastPathComponent < $1.lastPathComponent }
    for (index, file) in sorted.enumerated()
    where index % 16 == 0 || file.lastPathComponent.contains("-") {
      let bytes = [UInt8](try Data(contentsOf: file))
      let start = processorTime()
      #expect(throws: Never.self, "\(file.lastPathComponent)") { try target.run(bytes) }
      #expect(processorTime() - start < Self.limit, "\(file.lastPathComponent)")
    }
  }
}
