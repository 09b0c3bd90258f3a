import MachineTestKit
import Testing

@testable import DiskImages

/// Deflate streams, bitmaps, crashed and looping images between QEMU's tools and us.
@Suite(.enabled(if: QemuTools.isInstalled, QemuTools.reason))
struct QemuStreamTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private static let cluster = 65536

  /// Streams of one cluster each, which only have blocks of the kind in their name.
  private static func streams() -> [(name: String, stream: [UInt8], content: [UInt8])] {
    func finished(
      _ name: String, _ body: (inout DeflateWriter) -> Void
    ) -> (String, [UInt8], [UInt8]) {
      var writer = DeflateWriter()
      body(&writer)
      return (name, writer.stream, writer.content)
    }
    let seed = TestRandom.bytes(32768, seed: 5)
    return [
      // A stored cluster is no shorter than itself: only its start is stored.
      finished("stored") {
        $0.stored(Array(seed.prefix(1000)))
        $0.stored([])
        $0.fixed(matches(cluster - 1000, distance: 513), isLast: true)
      },
      finished("fixed") {
        $0.fixed([.literal(65), .literal(200)] + matches(cluster - 2, distance: 2), isLast: true)
      },
      finished("dynamic") {
        $0.dynamic((0..<4).map { .literal(UInt8($0)) })
        $0.dynamic(
          (0..<(cluster - 4) / 3).map { _ in .match(length: 3, distance: 4) }, isLast: true)
      },
      finished("32 KiB distances") {
        $0.stored(seed)
        let symbols = (0..<127).map { _ in DeflateWriter.Symbol.match(length: 258, distance: 32768)
        }
        $0.fixed(
          [.literal(1)] + symbols + [.literal(2)], isLast: true)
      },
    ]
  }

  private static func matches(_ count: Int, distance: Int) -> [DeflateWriter.Symbol] {
    (0..<count / 258).map { _ in .match(length: 258, distance: distance) }
      + (0..<count % 258).map { .literal(UInt8(truncatingIfNeeded: $0)) }
  }

  @Test("Q34, Q35: blocks of every kind and the whole window of 32 KiB are read by both")
  func streams() throws {
    let streams = Self.streams()
    let path = directory.file("image")
    _ = try QcowWritingTests.create(
      ImageKind(clusterSize: Self.cluster), byteCount: streams.count * Self.cluster,
      on: HostFile.create(path))
    var content: [UInt8] = []
    do {
      let image = try QcowImage(HostFile(path, writable: true), readOnly: false)
      for (index, item) in streams.enumerated() {
        #expect(item.content.count == Self.cluster, "\(item.name)")
        try image.writeCompressed(item.stream, at: UInt64(index * Self.cluster))
        content += item.content
      }
      try image.close()
    }
    let image = try QcowImage(HostFile(path, writable: false))
    for (index, item) in streams.enumerated() {
      let read = try image.bytes(at: UInt64(index * Self.cluster), count: Self.cluster)
      #expect(read == item.content, "\(item.name)")
    }
    let raw = try directory.write("raw", content)
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 0)
    let compare = try QemuTools.run("qemu-img", ["compare", "-f", "qcow2", "-F", "raw", path, raw])
    #expect(compare.status == 0, "\(compare.output)")
  }

  @Test("Q14: after our write QEMU calls the bitmaps inconsistent and finds their clusters leaked")
  func bitmaps() throws {
    let path = directory.file("image")
    try QemuTools.image("create", "-f", "qcow2", path, "1M")
    try QemuTools.image("bitmap", "--add", path, "changes")
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 0)
    #expect(try QcowImage.check(HostFile(path, writable: false)).exitStatus == 0)
    do {
      let image = try QcowImage(HostFile(path, writable: true), readOnly: false)
      try image.write(at: 70_000, [UInt8](repeating: 1, count: 5000))
      try image.close()
    }
    #expect(try QcowHeader(reading: HostFile(path, writable: false)).autoclearFeatures == 0)
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 3)
    #expect(try QcowImage.check(HostFile(path, writable: false)).exitStatus == 3)
    #expect(try QcowImage.repair(HostFile(path, writable: true), .leaks).exitStatus == 0)
    #expect(try QemuTools.run("qemu-img", ["check", path]).status == 0)
  }

  @Test("Q20: QEMU finds at worst leaks in an image that a power cut left", arguments: [512, 4096])
  func powerCuts(clusterSize: Int) throws {
    let size = 64 * 1024
    let store = try ImageOperationTests.newImage(clusterSize, size)
    let start = store.copy()
    store.isRecording = true
    var load = GuestLoad(seed: 6, content: [UInt8](repeating: 0, count: size))
    let image = try QcowImage(store, readOnly: false)
    for _ in 0..<40 { try load.step(image, limit: 9000) }
    try image.close()
    var judged = 0
    try PowerCuts(start: start, changes: store.changes, most: 10).forEach(seed: 3) { disk, cut in
      guard cut.isMultiple(of: 3) else { return }
      let path = try directory.write("cut", disk.bytes)
      let check = try QemuTools.run("qemu-img", ["check", "-f", "qcow2", path])
      #expect([0, 3].contains(check.status), "cut \(cut): \(check.output)")
      judged += 1
    }
    #expect(judged >= 10)
  }

  @Test("Q30: both report a chain that is a loop")
  func loops() throws {
    let (a, b) = (directory.file("a"), directory.file("b"))
    try QemuTools.image("create", "-f", "qcow2", a, "1M")
    try QemuTools.image("create", "-f", "qcow2", "-b", a, "-F", "qcow2", b, "1M")
    do {
      let image = try QcowImage(HostFile(a, writable: true), readOnly: false)
      try image.setBacking(name: b, format: .qcow2)
    }
    let information = try QemuTools.run("qemu-img", ["info", "--backing-chain", b])
    #expect(information.status == 1)
    #expect(information.output.contains("loop"))
    #expect(
      fault { _ = try ImageOpener().open(b, format: .qcow2, readOnly: true) }?
        .contains("the chain is a loop") == true)
  }
}
