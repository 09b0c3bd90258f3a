import MachineTestKit
import Testing

@testable import DiskImages

/// A disk of zeroes, each sector of which has to be asked for.
private final class SectorZeroes: ReadOnlyDiskImage {
  let byteCount: UInt64
  let description = "zeroes"
  var questions = 0
  init(_ byteCount: UInt64) { self.byteCount = byteCount }
  func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) { bytes.update(repeating: 0) }
  func mapping(at offset: UInt64) -> Extent {
    questions += 1
    return Extent(.zero(reservedAt: nil), byteCount: 512)
  }
}

/// Conversion, commit and rebase, of images that show one below them.
@Suite struct OverlayOperationTests {
  private static let size = 40_960
  private let content = ImageOperationTests.content(size, seed: 5)
  private let base = MemoryFileStore(ImageOperationTests.content(60_416, seed: 6))

  private func overlay(
    _ kind: ImageKind, _ byteCount: Int = size
  ) throws -> (store: any FileStore, image: QcowImage) {
    let store = try QcowWritingTests.create(kind, byteCount: byteCount)
    return (
      store, try QcowImage(store, readOnly: false, backing: RawImage(base, readOnly: true))
    )
  }

  private func shown(_ store: any FileStore, _ count: Int) throws -> [UInt8] {
    let report = try QcowImage.check(store, verifiesContent: true)
    #expect(report.exitStatus == 0, "\(report.findings)")
    return try QcowImage(store, backing: RawImage(base, readOnly: true)).bytes(at: 0, count: count)
  }

  static let kinds = [2, 3].flatMap { version in
    [512, 4096].map { ImageKind(clusterSize: $0, version: version, hasBacking: true) }
  }

  @Test("A new overlay shows zeroes behind a smaller source, not its base", arguments: kinds)
  func behindTheSource(_ kind: ImageKind) throws {
    for isCompressing in [false, true] {
      let (store, image) = try overlay(kind, 70_144)
      var conversion = ImageConversion()
      conversion.isCompressing = isCompressing
      try conversion.run(from: RawImage(MemoryFileStore(content), readOnly: true), to: image)
      let isRight =
        try shown(store, 70_144) == content + [UInt8](repeating: 0, count: 70_144 - Self.size)
      #expect(isRight)
    }
  }

  @Test("A target that is not new keeps what lies behind the source", arguments: kinds)
  func existingTarget(_ kind: ImageKind) throws {
    for isCompressing in [false, true] {
      let (store, image) = try overlay(kind, 70_144)
      let own = ImageOperationTests.content(10_240, seed: 7)
      try image.write(at: 35_840, own)
      let before = try image.bytes(at: 0, count: 70_144)
      // The source ends inside a cluster of 4 KiB, and inside what the target has of its own.
      let source = Array(content[..<39_424])
      var conversion = ImageConversion()
      conversion.isCompressing = isCompressing
      conversion.isTargetNew = false
      try conversion.run(from: RawImage(MemoryFileStore(source), readOnly: true), to: image)
      let isRight = try shown(store, 70_144) == source + before[39_424...]
      #expect(isRight)
    }
  }

  @Test("A conversion of sector after sector of zeroes can be stopped soon")
  func manyStretches() throws {
    let zeroes = SectorZeroes(1 << 40)
    let target = MemoryFileStore()
    try target.setByteCount(1 << 40)
    var conversion = ImageConversion()
    conversion.progress = { done, _ in done < 1 << 22 }
    #expect(
      fault { try conversion.run(from: zeroes, to: RawImage(target, readOnly: false)) } != nil)
    #expect(zeroes.questions < 10_000)
  }

  @Test("A comparison of sectors of zeroes with data asks for each a few times at most")
  func comparedStretches() throws {
    let zeroes = SectorZeroes(16 << 20)
    let data = try RawImage(MemoryFileStore([UInt8](repeating: 0, count: 16 << 20)), readOnly: true)
    #expect(try ImageComparison.run(zeroes, data) == .same)
    #expect(zeroes.questions < 4 * (16 << 20) / 512)
  }

  @Test("Q13: what the layers of a chain hold goes to the disk below them")
  func commit() throws {
    var disk = base.bytes
    var layers: [QcowImage] = []
    // The middle layer is shorter than the uppermost one and hides the end of the base.
    for (count, start) in [(40_960, 9_000), (50_176, 30_000)] {
      let kind = ImageKind(clusterSize: 4096, hasBacking: true)
      let store = try QcowWritingTests.create(kind, byteCount: count)
      let image = try QcowImage(store, readOnly: false)
      disk = Array(disk[..<min(disk.count, count)])
      disk += [UInt8](repeating: 0, count: count - disk.count)
      let bytes = ImageOperationTests.content(4096 * 3, seed: UInt64(start))
      let place = start / 4096 * 4096
      try image.write(at: UInt64(place), bytes)
      try image.writeZeroes(0..<4096, mayUnmap: true)
      disk.replaceSubrange(place..<place + bytes.count, with: bytes)
      disk.replaceSubrange(0..<4096, with: [UInt8](repeating: 0, count: 4096))
      layers.insert(image, at: 0)
    }
    let store = MemoryFileStore(base.bytes)
    var last: UInt64 = 0
    try OverlayCommit.run(layers, to: RawImage(store, readOnly: false)) { done, _ in last = done }
    #expect(last == 50_176)
    let isRight = store.bytes == disk + base.bytes.dropFirst(50_176)
    #expect(isRight)
  }

  @Test("Q12: an overlay keeps what it shows over another base, or none", arguments: kinds)
  func rebase(_ kind: ImageKind) throws {
    var other = base.bytes
    other.replaceSubrange(20_480..<30_000, with: content[20_480..<30_000])
    let bases = [Array(other[..<30_208]), nil]
    for bytes in bases {
      let (store, image) = try overlay(kind, 70_144)
      try image.write(at: 1000, Array(content[..<5000]))
      let before = try image.bytes(at: 0, count: 70_144)
      let new = try bytes.map { try RawImage(MemoryFileStore($0), readOnly: true) }
      try OverlayRebase.keepDifferences(of: image, over: new)
      try image.setBacking(name: new.map { _ in "new" }, format: new.map { _ in .raw })
      let after = try QcowImage(store, backing: new)
      let isSame = try after.bytes(at: 0, count: 70_144) == before
      #expect(isSame)
      if bytes != nil { #expect(try after.mapping(at: 16_384).mapping == .unallocated) }
    }
  }

  @Test("A backing name without room in the header is found out before anything is done")
  func backingWithoutRoom() throws {
    let (_, image) = try overlay(ImageKind(clusterSize: 512, hasBacking: true))
    try image.checkBacking(name: "other", format: .qcow2)
    let name = String(repeating: "n", count: 400)
    #expect(
      fault { try image.checkBacking(name: name, format: .raw) }?.contains("does not fit") == true)
    #expect(fault { try image.setBacking(name: name, format: .raw) } != nil)
  }
}
