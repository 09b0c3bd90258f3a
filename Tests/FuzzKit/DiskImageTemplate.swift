import DiskImages
import MachineTestKit
import Synchronization

/// A small valid image that an input starts from: most bytes of a random file say nothing, while a
/// change to a valid one reaches deep.
struct DiskImageTemplate: Sendable {
  var clusterSize: Int
  var byteCount: UInt64
  var version = 3
  var refcountBits = 16
  var hasBacking = false
  var hasLazyRefcounts = false
  var preallocation = Preallocation.off
  /// Compressed clusters, one of them overwritten, and snapshots.
  var isFull = true

  /// Sixteen, in the order of the low half of an input's first byte. Corpora depend on it.
  static let all = [
    DiskImageTemplate(clusterSize: 512, byteCount: 40_960),
    DiskImageTemplate(clusterSize: 512, byteCount: 40_960, version: 2),
    DiskImageTemplate(clusterSize: 4096, byteCount: 100_352),
    DiskImageTemplate(clusterSize: 512, byteCount: 36_864, refcountBits: 1, isFull: false),
    DiskImageTemplate(clusterSize: 1024, byteCount: 70_656, refcountBits: 64),
    DiskImageTemplate(clusterSize: 512, byteCount: 49_152, hasBacking: true),
    DiskImageTemplate(clusterSize: 512, byteCount: 49_152, version: 2, hasBacking: true),
    DiskImageTemplate(clusterSize: 512, byteCount: 0, isFull: false),
    DiskImageTemplate(clusterSize: 4096, byteCount: 1 << 30, isFull: false),
    DiskImageTemplate(clusterSize: 2048, byteCount: 33_280, refcountBits: 2, isFull: false),
    DiskImageTemplate(clusterSize: 512, byteCount: 40_960, hasLazyRefcounts: true),
    DiskImageTemplate(
      clusterSize: 512, byteCount: 36_864, preallocation: .metadata, isFull: false),
    DiskImageTemplate(clusterSize: 16384, byteCount: 100_352),
    DiskImageTemplate(clusterSize: 1 << 15, byteCount: 1 << 19, isFull: false),
    DiskImageTemplate(clusterSize: 4096, byteCount: 61_440, version: 2),
    DiskImageTemplate(clusterSize: 512, byteCount: 40_960, refcountBits: 8),
  ]

  /// Bytes that the backing file and the templates hold.
  static func content(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed)
    // Runs of one byte, some zero: neither incompressible nor trivial.
    var bytes: [UInt8] = []
    while bytes.count < count {
      let word = random.next()
      bytes += repeatElement(
        word & 3 == 0 ? 0 : UInt8(truncatingIfNeeded: word >> 8), count: Int(word >> 32) % 300 + 1)
    }
    return Array(bytes.prefix(count))
  }

  /// The backing file of the templates that have one; it is smaller than their disks.
  static func backingFile() -> MemoryFileStore {
    MemoryFileStore(content(30_000, seed: 1), name: "base", isWritable: false)
  }

  private static let made = Mutex<[Int: MemoryFileStore.Content]>([:])

  /// The image of a template, made when first asked for.
  static func image(_ number: Int) throws(FuzzFinding) -> MemoryFileStore.Content {
    if let content = made.withLock({ $0[number] }) { return content }
    do {
      let content = try all[number].make().content
      made.withLock { $0[number] = content }
      return content
    } catch {
      throw FuzzFinding("\(all[number]) cannot be made: \(error)")
    }
  }

  /// Makes the image.
  private func make() throws(ImageFault) -> MemoryFileStore {
    let store = MemoryFileStore(name: "image")
    var options = QcowImage.CreationOptions(byteCount: byteCount)
    options.clusterSize = clusterSize
    options.version = version
    options.refcountBits = refcountBits
    options.hasLazyRefcounts = hasLazyRefcounts
    options.preallocation = preallocation
    if hasBacking {
      options.backingName = "base"
      options.backingFormat = .raw
    }
    try QcowImage.create(on: store, options)
    guard isFull else { return store }
    let backing = hasBacking ? try RawImage(Self.backingFile(), readOnly: true) : nil
    var conversion = ImageConversion()
    conversion.isCompressing = true
    conversion.workers = 1
    let count = Int(byteCount) / 2
    try conversion.run(
      from: RawImage(MemoryFileStore(Self.content(count, seed: 2)), readOnly: true),
      to: QcowImage(store, readOnly: false, backing: backing))
    let image = try QcowImage(store, readOnly: false, backing: backing)
    try image.createSnapshot(named: "one", seconds: 1)
    try image.write(at: 5000, from: Self.content(9000, seed: 3).span)
    try image.createSnapshot(named: "two", seconds: 2)
    try image.writeZeroes(20_480..<24_576, mayUnmap: false)
    try image.discard(0..<4096)
    try image.close()
    return store
  }
}
