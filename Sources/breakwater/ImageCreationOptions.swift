internal import ArgumentParser
internal import DiskImages
internal import Foundation

/// The `-o` options of a new image, by qemu-img's names.
struct ImageCreationOptions {
  private(set) var byteCount: UInt64?
  private(set) var backingName: String?
  private(set) var backingFormat: ImageFormat?
  private(set) var clusterSize = 65536
  private(set) var version = 3
  private(set) var refcountBits = 16

  /// What qemu-img can do and this version cannot, by the only value that is taken.
  private static let notImplemented = [
    "compression_type": "zlib", "data_file_raw": "off", "encryption": "off", "extended_l2": "off",
    "lazy_refcounts": "off", "nocow": "off", "preallocation": "off",
  ]

  /// Reads `key=value,...` texts.
  ///
  /// - Throws: `ValidationError` naming the key and what it takes.
  init(parsing texts: [String], for format: ImageFormat) throws {
    for part in texts.flatMap({ $0.split(separator: ",") }) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else {
        throw ValidationError("-o \(part): an option is written key=value")
      }
      let (key, value) = (String(pair[0]), String(pair[1]))
      guard format == .qcow2 || ["size", "preallocation"].contains(key) else {
        throw ValidationError("-o \(part): a raw image has no such option; it has size")
      }
      try set(key, value)
    }
  }

  private mutating func set(_ key: String, _ value: String) throws {
    func refuse(_ rule: String) -> ValidationError {
      ValidationError("-o \(key)=\(value): \(rule)")
    }
    switch key {
    case "size":
      guard let size = ByteSize(argument: value) else { throw refuse("is not a size") }
      byteCount = size.byteCount
    case "backing_file": backingName = value
    case "backing_fmt":
      guard let format = ImageFormat(rawValue: value) else { throw refuse("is raw or qcow2") }
      backingFormat = format
    case "cluster_size":
      guard let size = ByteSize(argument: value).flatMap({ Int(exactly: $0.byteCount) }) else {
        throw refuse("is not a size")
      }
      clusterSize = size
    case "compat":
      switch value {
      case "0.10", "v2": version = 2
      case "1.1", "v3": version = 3
      default: throw refuse("is 0.10 or 1.1")
      }
    case "refcount_bits":
      guard let bits = Int(value) else { throw refuse("is not a number") }
      refcountBits = bits
    case _ where Self.notImplemented[key] == value: break
    case _ where Self.notImplemented[key] != nil:
      throw refuse("is not implemented; only \(Self.notImplemented[key] ?? "") is")
    default:
      throw refuse(
        "is none of size, backing_file, backing_fmt, cluster_size, compat, refcount_bits")
    }
  }
}

/// An image that is about to be made.
struct NewImage {
  let path: String
  let format: ImageFormat
  let options: QcowImage.CreationOptions

  /// Makes the image and answers its file, locked. A file of that name is replaced, as qemu-img
  /// does, but not before everything has been found in order.
  func create() throws(ImageFault) -> HostFile {
    try ImageOpener.checkMakesFile(path)
    let existed = FileManager.default.fileExists(atPath: path)
    let file = try HostFile.create(path, replacing: true)
    do throws(ImageFault) {
      _ = try file.lock()
      switch format {
      case .raw:
        let (size, overflow) = options.byteCount.addingReportingOverflow(511)
        guard !overflow, size <= UInt64(Int64.max) else {
          throw ImageFault(path, .refused("\(options.byteCount) bytes are too many for a file"))
        }
        // A size that the file system refuses fails before the old content is gone.
        try file.setByteCount(size & ~511)
        try file.setByteCount(0)
        try file.setByteCount(size & ~511)
      case .qcow2:
        try QcowImage.create(on: file, options)
      }
    } catch {
      if !existed { try? FileManager.default.removeItem(atPath: path) }
      throw error
    }
    return file
  }

  /// The line that qemu-img prints.
  var announcement: String {
    guard format == .qcow2 else {
      return "Formatting '\(path)', fmt=raw size=\(options.byteCount)"
    }
    let backing = [
      options.backingName.map { "backing_file=\($0)" },
      options.backingFormat.map { "backing_fmt=\($0.rawValue)" },
    ].compactMap(\.self).map { " " + $0 }.joined()
    return "Formatting '\(path)', fmt=qcow2 cluster_size=\(options.clusterSize) "
      + "compat=\(options.version == 2 ? "0.10" : "1.1") size=\(options.byteCount)\(backing) "
      + "refcount_bits=\(options.refcountBits)"
  }
}
