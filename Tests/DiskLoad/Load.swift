import DiskImages
import Foundation
import MachineTestKit

/// Random requests of a guest, and of somebody who keeps snapshots of its disk, on one image. A plain
/// array says what the disk must hold.
struct Load {
  struct Failure: Error { var text: String }

  let kind: LoadKind
  let path: String
  private let directory: String
  private var random: SeededGenerator
  private var model: [UInt8] = []
  private var kept: [String: [UInt8]] = [:]
  private var image: QcowImage
  private var number = 0

  /// Nobody else is there, and an image is opened again while its last object still lives.
  private static var opener: ImageOpener {
    var opener = ImageOpener()
    opener.isLocking = false
    return opener
  }

  /// Makes the image of a seed in an empty directory.
  init(seed: UInt64, in directory: String) throws {
    self.directory = directory
    kind = LoadKind(seed: seed)
    random = SeededGenerator(seed)
    path = directory + "/image.qcow2"
    var model = Self.compressible(Int(kind.byteCount), &random)
    var base: String?
    if kind.base != .none {
      // Shorter than the disk.
      let count = model.count / 3 * 2 / 512 * 512
      try Data(model[..<count]).write(to: URL(fileURLWithPath: directory + "/base.raw"))
      if kind.base == .raw { base = "base.raw" }
      if kind.base == .compressed { base = try Self.compress(directory, kind, count) }
      model.replaceSubrange(count..., with: repeatElement(0, count: model.count - count))
    } else if !kind.startsCompressed {
      model = [UInt8](repeating: 0, count: model.count)
    }
    try Self.opener.create(path, format: .qcow2, kind.options(backingName: base))
    if kind.startsCompressed {
      try Data(model).write(to: URL(fileURLWithPath: directory + "/start.raw"))
      var conversion = ImageConversion()
      conversion.isCompressing = true
      conversion.workers = 1
      try conversion.run(
        from: Self.opener.open(directory + "/start.raw", format: .raw, readOnly: true),
        to: Self.opener.open(path, format: .qcow2, readOnly: false))
    }
    self.model = model
    image = try Self.open(path)
  }

  private static func open(_ path: String) throws -> QcowImage {
    guard
      let image = try Self.opener.open(path, format: .qcow2, readOnly: false) as? QcowImage
    else { throw Failure(text: "is no qcow2 image") }
    return image
  }

  private static func compress(_ directory: String, _ kind: LoadKind, _ count: Int) throws -> String
  {
    var options = QcowImage.CreationOptions(byteCount: UInt64(count))
    options.clusterSize = kind.clusterSize
    let path = directory + "/base.qcow2"
    try Self.opener.create(path, format: .qcow2, options)
    var conversion = ImageConversion()
    conversion.isCompressing = true
    conversion.workers = 1
    try conversion.run(
      from: Self.opener.open(directory + "/base.raw", format: .raw, readOnly: true),
      to: Self.opener.open(path, format: .qcow2, readOnly: false))
    return "base.qcow2"
  }

  /// Runs of zeroes, of one byte, and of noise.
  private static func compressible(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 32768)
    while bytes.count < count {
      let length = Int.random(in: 1...32768, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes += repeatElement(0, count: length)
      case 1: bytes += repeatElement(UInt8.random(in: 1...255, using: &random), count: length)
      default:
        for _ in 0..<length / 8 {
          withUnsafeBytes(of: random.next()) { bytes += $0 }
        }
      }
    }
    return Array(bytes[..<count])
  }

  /// Makes requests, closes the image and compares it with the array.
  mutating func run(operations: Int) throws {
    for _ in 0..<operations {
      number += 1
      do {
        try step()
      } catch let failure as Failure {
        throw Failure(text: "operation \(number): \(failure.text)")
      } catch {
        throw Failure(text: "operation \(number): \(error)")
      }
    }
    try reopen()
    try compare(image, model, "at the end")
    try image.close()
    for index in image.snapshots.indices {
      guard let view = try Self.opener.open(path, readOnly: true) as? QcowImage else { continue }
      try view.showSnapshot(at: index)
      let name = view.snapshots[index].name
      try compare(view, kept[name] ?? [], "snapshot \(name)")
    }
    try Data(model).write(to: URL(fileURLWithPath: directory + "/model.raw"))
  }

  private mutating func step() throws {
    let range = randomRange()
    let guestRange = UInt64(range.lowerBound)..<UInt64(range.upperBound)
    switch Int.random(in: 0..<2000, using: &random) {
    case 0..<1000:
      let value = UInt8(truncatingIfNeeded: number &* 37 | 1)
      let bytes = [UInt8](repeating: value, count: range.count)
      try image.write(at: guestRange.lowerBound, from: bytes.span)
      model.replaceSubrange(range, with: bytes)
    case ..<1350:
      guard try read(image, range) == Array(model[range]) else {
        throw Failure(text: "\(range) reads wrong")
      }
    case ..<1600:
      try image.writeZeroes(guestRange, mayUnmap: Bool.random(using: &random))
      model.replaceSubrange(range, with: repeatElement(0, count: range.count))
    case ..<1800: try discard(range)
    case ..<1975: try image.flush()
    case ..<1990: try reopen()
    case ..<1993: try keepSnapshot()
    case ..<1995: try applySnapshot()
    case ..<1997: try deleteSnapshot()
    default: try resize()
    }
  }

  /// Most requests are of whole sectors and small.
  private mutating func randomRange() -> Range<Int> {
    let isLong = Int.random(in: 0..<20, using: &random) == 0
    let limit = min(isLong ? 3 * kind.clusterSize + 65536 : 16384, model.count)
    var start = Int.random(in: 0..<model.count, using: &random)
    var count = Int.random(in: 1...limit, using: &random)
    if Int.random(in: 0..<4, using: &random) != 0 {
      start &= ~511
      count = (count + 511) & ~511
    }
    return start..<min(start + count, model.count)
  }

  private mutating func discard(_ range: Range<Int>) throws {
    try image.discard(UInt64(range.lowerBound)..<UInt64(range.upperBound))
    let after = try read(image, range)
    for (index, byte) in zip(range, after) where byte != 0 && byte != model[index] {
      throw Failure(text: "byte \(index) is neither kept nor zero after a discard")
    }
    model.replaceSubrange(range, with: after)
  }

  private mutating func reopen() throws {
    try image.close()
    let report = try QcowImage.check(HostFile(path, writable: false))
    guard report.exitStatus == 0 else {
      throw Failure(text: "our check: \(report.findings.prefix(3))")
    }
    image = try Self.open(path)
  }

  private mutating func keepSnapshot() throws {
    guard kind.canKeepSnapshots, image.snapshots.count < 3 else { return }
    let name = "s\(number)"
    try image.createSnapshot(named: name, seconds: UInt32(number))
    kept[name] = model
  }

  private mutating func applySnapshot() throws {
    guard let index = image.snapshots.indices.randomElement(using: &random),
      let content = kept[image.snapshots[index].name]
    else { return }
    try image.applySnapshot(at: index)
    model = content
  }

  private mutating func deleteSnapshot() throws {
    guard let index = image.snapshots.indices.randomElement(using: &random) else { return }
    try image.deleteSnapshot(at: index)
  }

  private mutating func resize() throws {
    guard kind.version == 3 || image.snapshots.isEmpty else { return }
    let factor = Double.random(in: 0.7...1.3, using: &random)
    let size = max(65536, min(Int(Double(model.count) * factor), 2 * Int(kind.byteCount))) & ~511
    let grows = size > model.count && Int.random(in: 0..<4, using: &random) == 0
    try image.resize(
      to: UInt64(size), mayShrink: true, preallocation: grows ? .metadata : .off)
    model =
      size < model.count
      ? Array(model[..<size]) : model + [UInt8](repeating: 0, count: size - model.count)
  }

  private func read(_ image: QcowImage, _ range: Range<Int>) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: range.count)
    var span = bytes.mutableSpan
    try image.read(at: UInt64(range.lowerBound), into: &span)
    return bytes
  }

  private func compare(_ image: QcowImage, _ content: [UInt8], _ place: String) throws {
    guard image.byteCount == UInt64(content.count) else {
      throw Failure(text: "\(place): \(image.byteCount) bytes instead of \(content.count)")
    }
    let bytes = try read(image, 0..<content.count)
    if bytes != content {
      let index = content.indices.first { bytes[$0] != content[$0] } ?? 0
      throw Failure(text: "\(place): byte \(index) is \(bytes[index]), not \(content[index])")
    }
  }
}
