/// How much of a disk's space is taken before it is written, by qemu-img's names.
public enum Preallocation: String, CaseIterable, Sendable {
  /// Nothing.
  case off
  /// Clusters in the tables of a qcow2 image; its file stays sparse.
  case metadata
  /// Space in the file system too.
  case falloc
  /// Space that is written once, with zeroes.
  case full
}

extension FileStore {
  /// Throws if the host cannot take space for a new image, before the old content is gone.
  func checkCanReserve(_ preallocation: Preallocation) throws(ImageFault) {
    guard preallocation == .falloc else { return }
    guard capacity == nil, try allocate(0..<1) else { throw cannotReserve }
  }

  private var cannotReserve: ImageFault {
    ImageFault(
      name, .refused("its file system cannot reserve space; preallocation full writes it"))
  }

  /// Takes space for a range that reads zero; the file reaches to its end afterwards.
  func reserve(_ range: Range<UInt64>, _ preallocation: Preallocation) throws(ImageFault) {
    guard !range.isEmpty else { return }
    switch preallocation {
    case .off, .metadata:
      if try byteCount() < range.upperBound { try setByteCount(range.upperBound) }
    case .falloc:
      guard try allocate(range) else { throw cannotReserve }
    case .full: try storeZeroes(range)
    }
  }
}
