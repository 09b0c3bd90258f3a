import MachineTestKit
import Testing

@testable import DiskImages

/// A guest's load on a host that now and then has no space left.
@Suite struct QcowFullDiskTests {
  static let kinds = [
    ImageKind(clusterSize: 512), ImageKind(clusterSize: 512, refcountBits: 1),
    ImageKind(clusterSize: 512, version: 2, hasBacking: true),
    ImageKind(clusterSize: 4096, hasBacking: true), ImageKind(clusterSize: 512, isLazy: true),
  ]

  @Test("A host that fails to take freed clusters back fails no flush")
  func failingDiscard() throws {
    let store = try ImageOperationTests.newImage(4096, 65536)
    let image = try QcowImage(store, readOnly: false)
    try image.write(at: 0, [UInt8](repeating: 1, count: 65536))
    try image.flush()
    store.failure = { operation, _ in operation == .punchHole ? 5 : nil }
    try image.discard(0..<65536)
    try image.flush()
    try image.close()
    #expect(try QcowImage.check(store).exitStatus == 0)
  }

  @Test(
    "W21: requests that find no space fail and nothing else changes; later ones work",
    arguments: kinds, 1...TestScale.seeds)
  func load(kind: ImageKind, seed: UInt64) throws {
    let size = 60 * 1024
    var random = TestRandom(seed: seed &+ 1000)
    let baseBytes = kind.hasBacking ? random.bytes(50_176) : []
    let base: (any DiskImage)? =
      kind.hasBacking ? try RawImage(MemoryFileStore(baseBytes), readOnly: true) : nil
    let store = MemoryFileStore()
    _ = try QcowWritingTests.create(kind, byteCount: size, on: store)
    let image = try QcowImage(store, readOnly: false, backing: base)
    var load = GuestLoad(
      seed: seed, content: baseBytes + [UInt8](repeating: 0, count: size - baseBytes.count))
    var failures = 0
    for _ in 0..<400 {
      // A full disk stays full for a while.
      var countdown = Int.random(in: 0..<12, using: &random)
      let length = Int.random(in: 1..<4, using: &random)
      store.failure = { operation, _ in
        guard operation == .write || operation == .resize else { return nil }
        countdown -= 1
        return (-length..<0).contains(countdown) ? 28 : nil
      }
      let before = load
      do {
        try load.step(image, limit: 6000)
      } catch let fault as ImageFault {
        #expect(fault.isOutOfSpace, "\(fault)")
        failures += 1
        store.failure = { _, _ in nil }
        // Each byte of the request is what it was or what it was to be.
        let content = try image.bytes(at: 0, count: size)
        for index in 0..<size where content[index] != before.model[index] {
          guard load.attempted?[index] == content[index] else {
            Issue.record("byte \(index) is neither old nor new")
            return
          }
        }
        load.model = content
      }
      store.failure = { _, _ in nil }
    }
    #expect(failures > 20)
    try image.flush()
    #expect(try image.bytes(at: 0, count: size) == load.model)
    try image.close()
    let report = try QcowImage.check(store)
    #expect(report.exitStatus == 0, "\(report.findings)")
    #expect(try QcowImage(store, backing: base).bytes(at: 0, count: size) == load.model)
  }
}
