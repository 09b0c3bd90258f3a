/// The file beside a gzip image that keeps its index from one run to the next.
struct GzipIndexFile {
  /// What is appended to the image's name.
  static let suffix = ".breakwater-index"

  let image: HostFile

  var path: String { image.name + Self.suffix }

  /// The index, or nil when there is none. An index that says the wrong thing would show a wrong
  /// disk, so it is believed only from the image's owner or from the user of this process.
  ///
  /// - Parameter report: told when there is one that cannot be used.
  func load(
    _ limits: GzipIndex.Limits, report: (String) -> Void
  ) throws(ImageFault) -> GzipIndex? {
    let stamp = try image.stamp()
    guard let file = try? HostFile(path, writable: false) else { return nil }
    let owners = [try image.owner(), HostMachine.user]
    guard owners.contains(try file.owner()) else {
      report("\(path): belongs to another user; it is not used")
      return nil
    }
    let size = try file.byteCount()
    guard size <= UInt64(GzipIndex.byteLimit(limits)),
      let index = GzipIndex(
        decoding: try file.bytes(at: 0, count: Int(size)), of: stamp,
        fingerprint: try GzipIndex.fingerprint(of: image, byteCount: stamp.byteCount),
        limits: limits)
    else {
      report("\(path): is damaged, or not of this state of the image; it is made anew")
      return nil
    }
    return index
  }

  /// Keeps an index in place of any other. A reader sees the old one or the new one, whole.
  func store(_ index: GzipIndex) throws(ImageFault) {
    let name = "\(path).\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    // The windows are parts of the disk: who may not read that may not read them.
    let file = try HostFile.createPrivate(name)
    do {
      try file.takePermissions(of: image)
      try file.write(at: 0, index.encoded)
      try HostFile.move(name, to: path)
    } catch {
      HostFile.remove(name)
      throw error
    }
  }
}

/// The indexes of images whose directories take none, for as long as the opener lives.
final class GzipIndexMemory {
  private var indexes: [FileStamp: GzipIndex] = [:]

  subscript(stamp: FileStamp) -> GzipIndex? {
    get { indexes[stamp] }
    set { indexes[stamp] = newValue }
  }
}

extension ImageOpener {
  /// Opens a gzip file with the index that lies beside it, or makes one.
  ///
  /// - Throws: ``ImageFault``; also when ``progress`` answers false.
  public func openGzip(_ store: any FileStore) throws(ImageFault) -> GzipImage {
    guard let file = store as? HostFile, file.isRegular else {
      throw ImageFault(
        store.name,
        .refused("is no plain file; a gzip image is one, so that changes can be noticed"))
    }
    let keeper = GzipIndexFile(image: file)
    var limits = GzipIndex.Limits()
    limits.diskByteCount = gzipDiskLimit
    func make() throws(ImageFault) -> GzipIndex {
      let index = try GzipIndex(scanning: file, limits: limits, progress: progress)
      if index.garbageByteCount > 0 {
        report(
          "\(file.name): \(index.garbageByteCount) bytes after the last gzip member are ignored")
      }
      // A single checkpoint is where everybody starts.
      guard index.checkpoints.count > 1 else { return index }
      do {
        try keeper.store(index)
      } catch {
        gzipIndexes[index.stamp] = index
        report("\(file.name): its index is kept in memory only: \(error)")
      }
      return index
    }
    if let index = gzipIndexes[try file.stamp()] { return GzipImage(file, index: index) }
    if let index = try keeper.load(limits, report: report) {
      return GzipImage(file, index: index, remake: make)
    }
    return GzipImage(file, index: try make())
  }
}
