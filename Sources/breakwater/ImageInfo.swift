internal import ArgumentParser
internal import DiskImages
internal import Foundation

/// `breakwater image info`.
struct ImageInfo: ImageOperation {
  static let flags = "U"
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Say what an image is. Its backing file need not exist.")

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format: raw, qcow2 or gzip.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(help: "human or json.")
  var output = ImageOutput.human

  @Flag(help: "Describe the backing files too.")
  var backingChain = false

  @Flag(name: [.customShort("U"), .long], help: "Look even while another process writes.")
  var forceShare = false

  @Argument(help: ArgumentHelp("The image.", valueName: "file"))
  var file: String

  func perform() throws -> Int32 {
    var chain = [try ImageDescription(file, format, isLocking: !forceShare)]
    var identities = Set(chain.map(\.identity))
    while backingChain, let last = chain.last, let name = last.backingFilename {
      let next = try resolved(name, from: last.filename)
      let below = try ImageDescription(
        next, last.backingFilenameFormat.flatMap(ImageFormat.init), isLocking: !forceShare)
      guard identities.insert(below.identity).inserted else {
        throw ImageFault(next, .refused("is its own backing file: the chain is a loop"))
      }
      guard chain.count < ImageOpener.maximumDepth else {
        throw ImageFault(
          file, .refused("the chain of backing files is longer than \(ImageOpener.maximumDepth)"))
      }
      chain.append(below)
    }
    switch (output, backingChain) {
    case (.json, true): try ImageOutput.printJSON(chain)
    case (.json, false): try ImageOutput.printJSON(chain[0])
    case (.human, _): print(chain.map(\.text).joined(separator: "\n\n"))
    }
    return 0
  }
}

/// What `info` says about one image, with qemu-img's JSON keys.
struct ImageDescription: Encodable {
  let identity: FileIdentity?
  let filename: String
  let format: String
  let virtualSize: UInt64
  let actualSize: UInt64?
  let isDirty: Bool
  private(set) var clusterSize: Int?
  private(set) var backingFilename: String?
  private(set) var fullBackingFilename: String?
  private(set) var backingFilenameFormat: String?
  private(set) var snapshots: [SnapshotDescription]?
  private(set) var formatSpecific: ImageFormatDetails?

  enum CodingKeys: String, CodingKey {
    case filename, format, snapshots
    case virtualSize = "virtual-size"
    case actualSize = "actual-size"
    case isDirty = "dirty-flag"
    case clusterSize = "cluster-size"
    case backingFilename = "backing-filename"
    case fullBackingFilename = "full-backing-filename"
    case backingFilenameFormat = "backing-filename-format"
    case formatSpecific = "format-specific"
  }

  /// Reads the image's own structures, not its backing file.
  init(_ path: String, _ format: ImageFormat?, isLocking: Bool) throws(ImageFault) {
    let file =
      isLocking
      ? try ImageOpener.file(path, writable: false) : try ImageOpener.store(path, writable: false)
    identity = file.identity
    filename = path
    actualSize = (file as? HostFile)?.allocatedByteCount()
    let known: ImageFormat = if let format { format } else { try ImageOpener.recognize(file) }
    self.format = known.rawValue
    switch known {
    case .raw:
      virtualSize = try RawImage(file, readOnly: true).byteCount
      isDirty = false
    case .qcow2:
      let image = try QcowImage(file)
      let information = image.information
      virtualSize = image.byteCount
      isDirty = information.isDirty
      clusterSize = information.clusterSize
      backingFilename = information.backingName
      fullBackingFilename = information.backingName.map { name in
        (try? resolved(name, from: path)) ?? name
      }
      backingFilenameFormat = information.backingFormat
      snapshots = image.snapshots.isEmpty ? nil : image.snapshots.map(SnapshotDescription.init)
      formatSpecific = .qcow2(.init(information))
    case .gzip:
      let image = try ImageOpener.forCommands.openGzip(file)
      virtualSize = image.byteCount
      isDirty = false
      formatSpecific = .gzip(.init(image.information))
    }
  }

  /// The description for people.
  var text: String {
    var lines = [
      "image: \(filename)", "file format: \(format)",
      "virtual size: \(ByteSize(byteCount: virtualSize).description)",
      "disk size: \(actualSize.map { ByteSize(byteCount: $0).rounded } ?? "unavailable")",
    ]
    if isDirty { lines.append("cleanly shut down: no") }
    if let clusterSize { lines.append("cluster_size: \(clusterSize)") }
    if let backingFilename {
      let full = fullBackingFilename ?? backingFilename
      lines.append(
        "backing file: \(backingFilename)"
          + (full == backingFilename ? "" : " (actual path: \(full))"))
    }
    if let backingFilenameFormat { lines.append("backing file format: \(backingFilenameFormat)") }
    if let snapshots { lines += SnapshotDescription.table(snapshots) }
    if let formatSpecific {
      lines.append("Format specific information:")
      lines += formatSpecific.lines.map { "    " + $0 }
    }
    return lines.map(escaped).joined(separator: "\n")
  }
}
