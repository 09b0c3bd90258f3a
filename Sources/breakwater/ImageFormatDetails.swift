internal import DiskImages

/// What `info` says of an image that only images of its format have.
enum ImageFormatDetails: Encodable {
  case qcow2(Qcow2)
  case gzip(Gzip)

  /// With qemu-img's JSON keys.
  struct Qcow2: Encodable {
    let compat: String
    let compressionType = "zlib"
    let hasLazyRefcounts: Bool?
    let refcountBits: Int
    let isCorrupt: Bool?
    let hasExtendedL2: Bool?

    enum CodingKeys: String, CodingKey {
      case compat
      case compressionType = "compression-type"
      case hasLazyRefcounts = "lazy-refcounts"
      case refcountBits = "refcount-bits"
      case isCorrupt = "corrupt"
      case hasExtendedL2 = "extended-l2"
    }

    init(_ information: QcowInformation) {
      let isVersion3 = information.version >= 3
      compat = isVersion3 ? "1.1" : "0.10"
      hasLazyRefcounts = isVersion3 ? information.hasLazyRefcounts : nil
      refcountBits = information.refcountBits
      isCorrupt = isVersion3 ? information.isCorrupt : nil
      hasExtendedL2 = isVersion3 ? false : nil
    }

    var lines: [String] {
      var lines = ["compat: \(compat)", "compression type: \(compressionType)"]
      if let hasLazyRefcounts { lines.append("lazy refcounts: \(hasLazyRefcounts)") }
      lines.append("refcount bits: \(refcountBits)")
      if let isCorrupt { lines.append("corrupt: \(isCorrupt)") }
      if let hasExtendedL2 { lines.append("extended l2: \(hasExtendedL2)") }
      return lines
    }
  }

  /// qemu-img does not know the format.
  struct Gzip: Encodable {
    let dataSize: UInt64
    let compressedSize: UInt64
    let members: UInt64
    let checkpoints: Int

    enum CodingKeys: String, CodingKey {
      case dataSize = "data-size"
      case compressedSize = "compressed-size"
      case members, checkpoints
    }

    init(_ information: GzipInformation) {
      dataSize = information.dataByteCount
      compressedSize = information.compressedByteCount
      members = information.memberCount
      checkpoints = information.checkpointCount
    }

    var lines: [String] {
      [
        "data size: \(dataSize)", "compressed size: \(compressedSize)", "members: \(members)",
        "checkpoints: \(checkpoints)",
      ]
    }
  }

  private enum CodingKeys: CodingKey { case type, data }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .qcow2(let details):
      try container.encode("qcow2", forKey: .type)
      try container.encode(details, forKey: .data)
    case .gzip(let details):
      try container.encode("gzip", forKey: .type)
      try container.encode(details, forKey: .data)
    }
  }

  /// The details for people.
  var lines: [String] {
    switch self {
    case .qcow2(let details): details.lines
    case .gzip(let details): details.lines
    }
  }
}
