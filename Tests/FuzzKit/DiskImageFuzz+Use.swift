import DiskImages
import MachineTestKit

/// An image that is open.
struct OpenDisk {
  /// What requests go to.
  var image: any DiskImage
  /// The image of the file: `image`, or below a temporary overlay.
  var qcow: QcowImage
  /// Whether the file changes.
  var isWritable: Bool
  /// Whether a backing file is named and was not opened.
  var lacksBacking: Bool
  /// What the image held when it was opened: the disk may be a temporary overlay, or show a
  /// snapshot.
  var modelBelow: DiskModel?
  /// Whether the file was edited since: what is read twice may then differ.
  var isEdited = false
}

/// What a disk holds.
struct DiskModel {
  var bytes: [UInt8]
  /// Sectors that changed since the last flush.
  var unflushed: Set<Int> = []

  mutating func replace(_ offset: Int, with new: [UInt8]) {
    guard !new.isEmpty else { return }
    bytes.replaceSubrange(offset..<offset + new.count, with: new)
    unflushed.formUnion(offset / 512...(offset + new.count - 1) / 512)
  }
}

/// Using a disk.
extension DiskImageFuzz {
  enum Request { case read, write, zero, discard }

  /// Opens the image if none is open.
  func openDisk(flags: UInt8) throws(FuzzFinding) {
    guard disk == nil else { return }
    host.forget()
    try attempt("open") { () throws(ImageFault) in
      let name = try QcowImage(store).information.backingName
      let backing: RawImage? =
        name != nil && flags & 8 == 0
        ? try RawImage(DiskImageTemplate.backingFile(), readOnly: true) : nil
      let isWritable = flags & 3 == 1 || flags & 3 == 2
      // Without threads an input always takes the same way.
      var limits = QcowImage.CacheLimits(workers: 0)
      if flags & 4 != 0 { limits = .init(tableBytes: 1, clusterBytes: 1, workers: 0) }
      let qcow = try QcowImage(
        store, readOnly: !isWritable, backing: backing, cacheLimits: limits)
      let image: any DiskImage =
        flags & 3 == 3 ? TemporaryOverlay(over: qcow, scratch: MemoryFileStore()) : qcow
      disk = OpenDisk(
        image: image, qcow: qcow, isWritable: isWritable,
        lacksBacking: name != nil && backing == nil)
    }
    if disk?.isWritable == true, hasAutoclearFeatures { mayLeak = true }
    try learn()
    disk?.modelBelow = model
  }

  /// Compares the disk with what it should hold, or finds out what that is.
  func learn() throws(FuzzFinding) {
    guard isSound, let disk, !disk.lacksBacking, disk.image.byteCount <= Self.modelLimit else {
      model = nil
      return
    }
    if snapshotModels.count != disk.qcow.snapshots.count {
      snapshotModels = Array(repeating: nil, count: disk.qcow.snapshots.count)
    }
    guard let found = try content(0, Int(disk.image.byteCount)) else { return }
    if var expected = model {
      guard expected.bytes.count == found.count else {
        throw FuzzFinding("the disk has \(found.count) bytes, not \(expected.bytes.count)")
      }
      // Of what was not flushed before the power was cut, either version will do.
      for sector in expected.unflushed {
        let range = sector * 512..<min(found.count, sector * 512 + 512)
        expected.bytes.replaceSubrange(range, with: found[range])
      }
      try compare(found, expected.bytes[...], at: 0)
    }
    model = DiskModel(bytes: found)
  }

  /// Reads, or answers nil when the host or the image prevented that.
  private func content(_ offset: Int, _ count: Int) throws(FuzzFinding) -> [UInt8]? {
    guard let disk else { return nil }
    var bytes = [UInt8](repeating: 0xEE, count: count)
    let isRead = try attempt("read") { () throws(ImageFault) in
      var span = bytes.mutableSpan
      try disk.image.read(at: UInt64(offset), into: &span)
    }
    return isRead ? bytes : nil
  }

  private func compare(
    _ found: [UInt8], _ expected: ArraySlice<UInt8>, at offset: Int
  ) throws(FuzzFinding) {
    guard !found.elementsEqual(expected),
      let index = zip(found, expected).enumerated().first(where: { $1.0 != $1.1 })?.offset
    else { return }
    throw FuzzFinding(
      "byte \(offset + index) of the disk is \(found[index]), "
        + "but \(expected[expected.startIndex + index]) was written")
  }

  /// A request as a guest makes it.
  func request(_ kind: Request) throws(FuzzFinding) {
    let (place, length, seed) = (input.word(), input.word(), input.byte())
    guard let disk, disk.image.byteCount > 0 else { return }
    let size = disk.image.byteCount
    let offset =
      place < 0xC000 ? min(size, UInt64(place) * 2) : size / 0x4000 * UInt64(place & 0x3FFF)
    let longest = kind == .read || kind == .write ? 9000 : 0xFFFF
    var range = offset..<min(size, offset + UInt64(length % (longest + 1)))
    if seed & 1 != 0 { range = range.lowerBound & ~511..<range.upperBound & ~511 }
    let count = Int(range.upperBound - range.lowerBound)
    let start = Int(range.lowerBound)
    switch kind {
    case .read:
      guard let bytes = try content(start, count), let model else { return }
      try compare(bytes, model.bytes[start..<start + count], at: start)
    case .write:
      let bytes = (0..<count).map { seed &+ UInt8(truncatingIfNeeded: $0 >> 7) }
      let done = try attempt("write") { () throws(ImageFault) in
        try disk.image.write(at: range.lowerBound, from: bytes.span)
      }
      if done { model?.replace(start, with: bytes) } else { try relearn(range) }
    case .zero:
      let done = try attempt("write of zeroes") { () throws(ImageFault) in
        try disk.image.writeZeroes(range, mayUnmap: seed & 2 != 0)
      }
      if done {
        model?.replace(start, with: [UInt8](repeating: 0, count: count))
      } else {
        try relearn(range)
      }
    case .discard:
      let before = model
      let done = try attempt("discard") { () throws(ImageFault) in
        try disk.image.discard(range)
      }
      try relearn(range)
      guard done, let before, let model else { return }
      for index in start..<start + count
      where model.bytes[index] != 0 && model.bytes[index] != before.bytes[index] {
        throw FuzzFinding("byte \(index), discarded, is neither zero nor what it was")
      }
    }
  }

  /// Finds out what a request that failed, or whose result is open, has left.
  private func relearn(_ range: Range<UInt64>) throws(FuzzFinding) {
    guard model != nil else { return }
    let (start, count) = (Int(range.lowerBound), Int(range.upperBound - range.lowerBound))
    if let bytes = try content(start, count) {
      model?.replace(start, with: bytes)
    } else {
      model = nil
    }
  }

  func flush() throws(FuzzFinding) {
    guard let disk else { return }
    if try attempt("flush", { () throws(ImageFault) in try disk.image.flush() }) {
      model?.unflushed = []
    }
  }

  /// Closes the disk. A sound one must then check clean.
  func closeDisk() throws(FuzzFinding) {
    guard let disk else { return }
    if try attempt("close", { () throws(ImageFault) in try disk.image.close() }) {
      model?.unflushed = []
    }
    try leave(disk)
  }

  /// Forgets the disk as if the power were cut: what it kept in memory is lost.
  func cutPower() throws(FuzzFinding) {
    guard let disk else { return }
    if disk.isWritable { mayLeak = true }
    try leave(disk)
  }

  private func leave(_ disk: OpenDisk) throws(FuzzFinding) {
    self.disk = nil
    if host.hasFailed { mayLeak = true }
    host.forget()
    if !disk.isWritable { model = disk.modelBelow }
    guard isSound else { return }
    // Refcounts that were postponed and lost are counted anew before anything else.
    if isMarked { try repair(.all) }
    try check(verifiesContent: true)
  }

  /// Asks for the mapping of the first pieces from some place on.
  func map() throws(FuzzFinding) {
    let place = UInt64(input.word())
    guard let disk else { return }
    let size = disk.image.byteCount
    var offset = size / 65536 * place
    for _ in 0..<200 where offset < size {
      var extent = Extent(.unallocated, byteCount: 1)
      guard
        try attempt(
          "mapping",
          { () throws(ImageFault) in
            extent = try disk.image.mapping(at: offset)
          })
      else { return }
      guard extent.byteCount > 0, extent.byteCount <= size - offset else {
        throw FuzzFinding("mapping of \(offset) has \(extent.byteCount) bytes of \(size)")
      }
      offset += extent.byteCount
    }
  }

  func changeSnapshots() throws(FuzzFinding) {
    let (kind, number) = (input.byte(), Int(input.byte()))
    guard let disk, disk.image.byteCount <= Self.walkLimit else { return }
    let index = number % (disk.qcow.snapshots.count + 1)
    guard disk.isWritable else { return try showSnapshot(index, of: disk) }
    let isTracked = snapshotModels.count == disk.qcow.snapshots.count
    let exists = kind % 3 == 0 || index < disk.qcow.snapshots.count
    let done = try attempt("change of snapshots") { () throws(ImageFault) in
      switch kind % 3 {
      case 0: try disk.qcow.createSnapshot(named: "\(number)", seconds: 0)
      case 1: try disk.qcow.applySnapshot(at: index)
      default: try disk.qcow.deleteSnapshot(at: index)
      }
    }
    guard exists || !done else {
      throw FuzzFinding("snapshot \(index), which does not exist, was changed")
    }
    if !done, exists, host.hasFailed || mayLeak {
      // COPIED flags may be missing or too many: harmless, but not clean.
      distrust()
    }
    guard done, isSound, isTracked else { return }
    model?.unflushed = []
    switch kind % 3 {
    case 0: snapshotModels.append(model)
    case 1:
      model = snapshotModels[index]
      try learn()
    default: snapshotModels.remove(at: index)
    }
  }

  private func showSnapshot(_ index: Int, of disk: OpenDisk) throws(FuzzFinding) {
    guard disk.image === disk.qcow else { return }
    let isShown = try attempt("showing of a snapshot") { () throws(ImageFault) in
      try disk.qcow.showSnapshot(at: index)
    }
    guard isShown, isSound else { return }
    model = index < snapshotModels.count ? snapshotModels[index] : nil
    try learn()
  }

  func resize() throws(FuzzFinding) {
    let (word, flags) = (UInt64(input.word()), input.byte())
    guard let disk, disk.isWritable, disk.image.byteCount <= Self.walkLimit else { return }
    let size = flags & 2 == 0 ? word * 64 : 1 << (word % 64)
    let former = disk.image.byteCount
    let done = try attempt("resize") { () throws(ImageFault) in
      try disk.qcow.resize(to: size, mayShrink: flags & 1 != 0)
    }
    // What stays as it is, is not made durable either.
    if done, disk.image.byteCount == former { return }
    guard done, isSound, let bytes = model?.bytes, disk.image.byteCount <= Self.modelLimit else {
      model = nil
      return
    }
    let count = Int(disk.image.byteCount)
    model = DiskModel(
      bytes: Array(bytes.prefix(count)) + Array(repeating: 0, count: max(0, count - bytes.count)))
    try learn()
  }

  /// Copies the disk to a new image, or empties it.
  func convertOrDrop() throws(FuzzFinding) {
    let flags = input.byte()
    guard let disk, disk.image.byteCount <= 1 << 18 else { return }
    if flags & 3 == 3 {
      guard disk.isWritable else { return }
      let isDropped = try attempt("dropping of content") { () throws(ImageFault) in
        try disk.qcow.dropContent()
      }
      model = nil
      // What a failed one has left is not durable before a flush.
      if isDropped { try learn() }
      return
    }
    let copy = MemoryFileStore(name: "copy")
    var outcome: ImageComparison.Outcome?
    let done = try attempt("conversion") { () throws(ImageFault) in
      var options = QcowImage.CreationOptions(byteCount: disk.image.byteCount)
      options.clusterSize = flags & 4 == 0 ? 512 : 4096
      try QcowImage.create(on: copy, options)
      var conversion = ImageConversion()
      conversion.isCompressing = flags & 1 == 0
      conversion.workers = 1
      try conversion.run(from: disk.image, to: QcowImage(copy, readOnly: false))
      outcome = try ImageComparison.run(disk.image, QcowImage(copy))
    }
    guard done else { return }
    guard outcome == .same || disk.isEdited else {
      throw FuzzFinding("a copy differs from its source: \(String(describing: outcome))")
    }
    try attempt("check of a copy") { () throws(ImageFault) in
      let report = try QcowImage.check(copy, verifiesContent: true)
      if report.exitStatus != 0 { throw ImageFault("copy", .corrupt("\(report.findings)")) }
    }
  }
}
