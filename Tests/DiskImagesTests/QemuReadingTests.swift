import Testing

@testable import DiskImages

/// Images that QEMU's tools made, read here.
@Suite(.enabled(if: QemuTools.isInstalled, QemuTools.reason))
struct QemuReadingTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  /// A raw image of `count` bytes with text, random and empty parts.
  private func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = TestRandom(seed: seed)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let run = Int.random(in: 1...40000, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes += random.bytes(run)
      case 1: bytes += [UInt8](repeating: 0, count: run * 3)
      default: bytes += (0..<run * 2).map { UInt8(truncatingIfNeeded: $0 / 50) }
      }
    }
    return Array(bytes.prefix(count))
  }

  private func expectContent(_ path: String, _ expected: [UInt8]) throws {
    let image = try ImageOpener().open(path, format: .qcow2, readOnly: true)
    #expect(image.byteCount == UInt64(expected.count))
    #expect(try image.bytes(at: 0, count: expected.count) == expected)
    var random = TestRandom(seed: 5)
    for _ in 0..<50 {
      let start = Int.random(in: 0..<expected.count, using: &random)
      let count = Int.random(in: 0...min(70000, expected.count - start), using: &random)
      #expect(
        try image.bytes(at: UInt64(start), count: count) == Array(expected[start..<start + count]))
    }
    var offset: UInt64 = 0
    while offset < image.byteCount { offset += try image.mapping(at: offset).byteCount }
    #expect(offset == image.byteCount)
  }

  @Test(
    "Q1, Q6, Q7: convert, plain and compressed", arguments: [512, 4096, 65536, 2 << 20],
    [true, false])
  func convert(clusterSize: Int, compressed: Bool) throws {
    let bytes = content(400 * 1024)
    let raw = try directory.write("raw", bytes)
    let path = directory.file("image")
    let options = ["convert", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=\(clusterSize)"]
    let result = try QemuTools.run(
      "qemu-img", options + (compressed ? ["-c", "-m", "8", "-W"] : []) + [raw, path])
    try #require(result.status == 0, "\(result.output)")
    try expectContent(path, bytes)
  }

  @Test("Q1: version 2 and every refcount width", arguments: [1, 2, 4, 8, 16, 32, 64])
  func refcountWidths(bits: Int) throws {
    let bytes = content(300_032)
    let raw = try directory.write("raw", bytes)
    let path = directory.file("image")
    try QemuTools.image("convert", "-O", "qcow2", "-o", "refcount_bits=\(bits)", raw, path)
    try expectContent(path, bytes)
    if bits == 16 {
      try QemuTools.image("convert", "-c", "-O", "qcow2", "-o", "compat=0.10", raw, path)
      try expectContent(path, bytes)
    }
  }

  @Test("Q2: preallocation modes read zero", arguments: ["off", "metadata", "falloc", "full"])
  func preallocation(mode: String) throws {
    let path = directory.file("image")
    try QemuTools.image("create", "-f", "qcow2", "-o", "preallocation=\(mode)", path, "4M")
    try expectContent(path, [UInt8](repeating: 0, count: 4 << 20))
  }

  @Test("Q3, Q8: a chain of three with zero clusters, discards and compressed writes")
  func chain() throws {
    var bytes = content(1 << 20)
    try directory.write("base.raw", bytes)
    try QemuTools.image(
      "create", "-f", "qcow2", "-b", "base.raw", "-F", "raw", directory.file("middle"), "3M")
    try QemuTools.image(
      "create", "-f", "qcow2", "-b", "middle", "-F", "qcow2", directory.file("top"), "4M")
    bytes += [UInt8](repeating: 0, count: 3 << 20)
    func fill(_ range: Range<Int>, _ value: UInt8) { for index in range { bytes[index] = value } }
    try QemuTools.io(
      directory.file("middle"), ["write -P 0x11 1000 70000", "write -z 262144 131072"])
    fill(1000..<71000, 0x11)
    fill(262144..<393216, 0)
    try QemuTools.io(
      directory.file("top"),
      [
        "write -P 0x22 3000000 200000", "write -z -u 524288 65536", "discard 655360 65536",
        "write -c -P 0x33 786432 65536", "write -P 0x44 512 512",
      ])
    fill(3_000_000..<3_200_000, 0x22)
    fill(524288..<589824, 0)
    fill(655360..<720896, 0)
    fill(786432..<851968, 0x33)
    fill(512..<1024, 0x44)
    try expectContent(directory.file("top"), bytes)
  }

  @Test("Q9: internal snapshots are listed; the active disk is read")
  func snapshots() throws {
    let path = directory.file("image")
    try QemuTools.image("create", "-f", "qcow2", path, "1M")
    try QemuTools.io(path, ["write -P 1 0 1M"])
    try QemuTools.image("snapshot", "-c", "first", path)
    try QemuTools.io(path, ["write -P 2 65536 65536"])
    try QemuTools.image("snapshot", "-c", "second", path)
    let image = try QcowImage(HostFile(path, writable: false))
    #expect(image.snapshots.map(\.name) == ["first", "second"])
    #expect(image.snapshots.map(\.diskByteCount) == [1 << 20, 1 << 20])
    var expected = [UInt8](repeating: 1, count: 1 << 20)
    for index in 65536..<131072 { expected[index] = 2 }
    try expectContent(path, expected)
  }

  @Test(
    "Q5: what is not implemented is refused by name",
    arguments: [
      ("extended_l2=on", "extended L2 entries"), ("compression_type=zstd", "compression type"),
      ("data_file=other", "external data file"),
    ])
  func refused(option: String, feature: String) throws {
    let path = directory.file("image")
    let option = option.replacing("other", with: directory.file("other"))
    let result = try QemuTools.run("qemu-img", ["create", "-f", "qcow2", "-o", option, path, "1M"])
    // Some builds of qemu-img come without zstd: then there is no such image to refuse.
    guard result.status == 0 else { return }
    let line = fault { _ = try ImageOpener().open(path, readOnly: true) }
    #expect(line?.contains("\"\(feature)\"") == true, "\(line ?? "opened")")
  }

  @Test("Q31: QEMU's tools respect our locks, and we theirs")
  func locks() throws {
    let path = directory.file("image")
    try QemuTools.image("create", "-f", "qcow2", path, "1M")
    do {
      let reader = try ImageOpener().open(path, readOnly: true)
      #expect(try QemuTools.run("qemu-io", ["-c", "write 0 512", path]).output.contains("lock"))
      #expect(try QemuTools.run("qemu-io", ["-r", "-c", "read 0 512", path]).status == 0)
      _ = reader.byteCount
    }
    let writer = try ImageOpener().open(path, format: .raw, readOnly: false)
    #expect(try QemuTools.run("qemu-img", ["info", path]).output.contains("lock"))
    _ = writer.byteCount
  }
}
