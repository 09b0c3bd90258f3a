internal import ArgumentParser
internal import DiskImages

/// The `-o` of commands that make an image.
struct ImageCreationArguments: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "\(ImageCreationOptions.keysOfQcow2.joined(separator: ", ")).",
      valueName: "key=value,..."))
  var options: [String] = []

  /// - Throws: `ValidationError`; the list of the options if that is asked for (`-o help`).
  func parsed(for format: ImageFormat) throws -> ImageCreationOptions {
    try ImageCreationOptions.checkHelp(options, ImageCreationOptions.keys(of: format))
    return try ImageCreationOptions(parsing: options, for: format)
  }
}

/// The `-o` options of a new image, by qemu-img's names.
struct ImageCreationOptions {
  /// The size of the disk, if one was given.
  private(set) var byteCount: UInt64?
  /// All other options.
  private(set) var options = QcowImage.CreationOptions(byteCount: 0)
  /// The keys that were given.
  private(set) var keys: Set<String> = []

  private static let keysOfRaw = ["size", "preallocation"]
  static let keysOfQcow2 =
    keysOfRaw + [
      "backing_file", "backing_fmt", "cluster_size", "compat", "refcount_bits", "lazy_refcounts",
    ]
  private static let meanings = [
    "size": "size of the disk",
    "preallocation": "space taken at once: off, metadata (qcow2 only), falloc or full",
    "backing_file": "name of the backing file",
    "backing_fmt": "format of the backing file: raw, qcow2 or gzip",
    "cluster_size": "a power of two from 512 to 2M",
    "compat": "0.10 (version 2) or 1.1 (version 3)",
    "refcount_bits": "width of a refcount: a power of two up to 64",
    "lazy_refcounts": "on or off: whether writers may postpone refcounts",
  ]

  static func keys(of format: ImageFormat) -> [String] {
    format == .raw ? keysOfRaw : keysOfQcow2
  }

  /// Throws what options there are, one on each line, if a text asks for it.
  static func checkHelp(_ texts: [String], _ keys: [String]) throws {
    guard texts.flatMap(parts).contains(where: { ["help", "?"].contains($0) }) else { return }
    throw CleanExit.message(
      keys.map { $0.padded(to: 16) + (meanings[$0] ?? "") }.joined(separator: "\n"))
  }

  /// What qemu-img can do and this version cannot, by the only value that is taken, if any is.
  private static let notImplemented: [String: String?] = [
    "compression_type": "zlib", "data_file": nil, "data_file_raw": "off", "encryption": "off",
    "extended_l2": "off", "extent_size_hint": "0", "nocow": "off",
  ]

  /// The ways to say on or off.
  private static let isOn = [
    "on": true, "yes": true, "true": true, "y": true,
    "off": false, "no": false, "false": false, "n": false,
  ]

  /// Reads `key=value,...` texts; a comma inside a value is written twice.
  ///
  /// - Throws: `ValidationError` naming the key and what it takes.
  init(parsing texts: [String], for format: ImageFormat) throws {
    for part in texts.flatMap(Self.parts) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 || part == "lazy_refcounts" else {
        throw ValidationError("-o \(part): an option is written key=value")
      }
      let (key, value) = (String(pair[0]), pair.count == 2 ? String(pair[1]) : "on")
      let known = Self.keys(of: format)
      guard known.contains(key) || format == .qcow2 else {
        throw ValidationError(
          "-o \(part): a raw image has no such option; it has \(known.joined(separator: ", "))")
      }
      keys.insert(key)
      try set(key, value, for: format)
    }
  }

  /// The options with the backing file that a command's own options name; they win over `-o`.
  func options(
    backing: String?, _ backingFormat: ImageFormat?, for format: ImageFormat
  ) throws -> QcowImage.CreationOptions {
    var options = options
    options.backingName = backing ?? options.backingName
    options.backingFormat = backingFormat ?? options.backingFormat
    guard options.backingName == nil || format == .qcow2 else {
      throw ValidationError("a raw image cannot have a backing file; a qcow2 image can")
    }
    guard (options.backingName == nil) == (options.backingFormat == nil) else {
      throw ValidationError("a backing file goes with its format: -F raw or -F qcow2")
    }
    return options
  }

  private static func parts(_ text: String) -> [String] {
    text.replacing(",,", with: "\0").split(separator: ",")
      .map { String($0).replacing("\0", with: ",") }
  }

  private mutating func set(
    _ key: String, _ value: String, for format: ImageFormat
  ) throws {
    func refuse(_ rule: String) -> ValidationError {
      ValidationError("-o \(key)=\(value): \(rule)")
    }
    switch key {
    case "size":
      guard let size = ByteSize(argument: value) else { throw refuse("is not a size") }
      byteCount = size.byteCount
    case "backing_file": options.backingName = value
    case "backing_fmt":
      guard let base = ImageFormat(rawValue: value) else { throw refuse("is raw, qcow2 or gzip") }
      options.backingFormat = base
    case "cluster_size":
      guard let size = ByteSize(argument: value).flatMap({ Int(exactly: $0.byteCount) }) else {
        throw refuse("is not a size")
      }
      options.clusterSize = size
    case "compat":
      switch value {
      case "0.10", "v2": options.version = 2
      case "1.1", "v3": options.version = 3
      default: throw refuse("is 0.10 or 1.1")
      }
    case "refcount_bits":
      guard let bits = Int(value) else { throw refuse("is not a number") }
      options.refcountBits = bits
    case "lazy_refcounts":
      guard let isOn = Self.isOn[value] else { throw refuse("is on or off") }
      options.hasLazyRefcounts = isOn
    case "preallocation":
      let modes = Preallocation.allCases.filter { format == .qcow2 || $0 != .metadata }
      guard let mode = modes.first(where: { $0.rawValue == value }) else {
        throw refuse(
          "of a \(format.rawValue) image is \(modes.map(\.rawValue).joined(separator: ", "))")
      }
      options.preallocation = mode
    case _ where key.hasPrefix("encrypt."):
      throw refuse("encryption is not implemented")
    default:
      guard let only = Self.notImplemented[key] else {
        throw refuse("is none of \(Self.keysOfQcow2.joined(separator: ", "))")
      }
      guard value == only else {
        throw refuse("is not implemented" + (only.map { "; only \($0) is" } ?? ""))
      }
    }
  }
}

extension ImageOpener {
  /// The line that qemu-img 7.2 prints about a new image.
  ///
  /// - Parameter given: the keys of the options that were given.
  static func announcement(
    _ path: String, _ format: ImageFormat, _ options: QcowImage.CreationOptions, given: Set<String>
  ) -> String {
    let preallocation = given.contains("preallocation") ? options.preallocation.rawValue : nil
    let compat = options.version == 2 ? "0.10" : "1.1"
    var fields: [(String, String?)] = [("fmt", format.rawValue)]
    switch format {
    case .raw, .gzip:
      fields += [("size", "\(options.byteCount)"), ("preallocation", preallocation)]
    case .qcow2:
      fields += [
        ("cluster_size", "\(options.clusterSize)"), ("extended_l2", "off"),
        ("preallocation", preallocation), ("compression_type", "zlib"),
        ("size", "\(options.byteCount)"), ("compat", given.contains("compat") ? compat : nil),
        ("backing_file", options.backingName), ("backing_fmt", options.backingFormat?.rawValue),
        ("lazy_refcounts", options.hasLazyRefcounts ? "on" : "off"),
        ("refcount_bits", "\(options.refcountBits)"),
      ]
    }
    return "Formatting '\(path)', "
      + fields.compactMap { key, value in value.map { "\(key)=\($0)" } }.joined(separator: " ")
  }
}
