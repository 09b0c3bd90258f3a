import Foundation
import Testing

@testable import DiskImages

/// Files of the programs that people compress disks with, read at random against what zcat gives.
@Suite struct GzipInteropTests {
  private static let commands = [
    "gzip -1 < raw > disk.gz", "gzip -9 < raw > disk.gz", "gzip --rsyncable < raw > disk.gz",
    "gzip -k raw && mv raw.gz disk.gz",
    "(head -c 1000000 raw | gzip -1; tail -c +1000001 raw | gzip) > disk.gz",
    "(gzip < raw; head -c 10240 /dev/zero) > disk.gz",
    "pigz -p 2 < raw > disk.gz", "pigz -p 2 -i -b 128 < raw > disk.gz",
    "pigz -1 -H < raw > disk.gz", "bgzip < raw > disk.gz", "bgzip -l 0 < raw > disk.gz",
  ]

  private static func isInstalled(_ command: String) -> Bool {
    ["pigz", "bgzip"].allSatisfy { !command.contains($0) || QemuTools.path($0) != nil }
  }

  @Test("Q32: byte-equal with zcat at random offsets", arguments: commands)
  func interop(_ command: String) throws {
    guard Self.isInstalled(command) else {
      print("SKIPPED: \(command): not installed; run scripts/test, which installs it")
      return
    }
    let directory = try TemporaryDirectory()
    let content = GzipFixture.content(2_500_000, seed: 7)
    try directory.write("raw", content)
    let script = "cd \(directory.path) && \(command) && zcat disk.gz > zcat"
    let result = try QemuTools.run("sh", ["-c", script])
    try #require(result.status == 0, "\(result.output)")
    #expect(try directory.read("zcat") == content)
    for attempt in ["made", "loaded"] {
      let image = try ImageOpener().open(directory.file("disk.gz"), readOnly: true)
      var random = TestRandom(seed: 3)
      for _ in 0..<40 {
        let start = Int.random(in: 0..<content.count, using: &random)
        let count = min(Int.random(in: 1...20_000, using: &random), content.count - start)
        let read = try image.bytes(at: UInt64(start), count: count)
        #expect(read == Array(content[start..<start + count]), "index \(attempt)")
      }
    }
  }
}
