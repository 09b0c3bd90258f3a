internal import ArgumentParser
internal import DiskImages
internal import Foundation

/// `breakwater image snapshot`.
struct ImageSnapshot: ImageOperation {
  static let flags = "Ulq"
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "List, make, apply or delete the snapshots inside an image.")

  @Flag(name: .customShort("l"), help: "List the snapshots (the default).")
  var lists = false

  @Option(
    name: .customShort("c"),
    help: ArgumentHelp("Keep the disk as it is now.", valueName: "name"))
  var created: String?

  @Option(
    name: .customShort("a"),
    help: ArgumentHelp("Make the disk what it was then.", valueName: "name|id"))
  var applied: String?

  @Option(
    name: .customShort("d"),
    help: ArgumentHelp("Delete a snapshot.", valueName: "name"))
  var deleted: String?

  @Flag(name: [.customShort("U"), .long], help: "List even while another process writes.")
  var forceShare = false

  @Flag(name: .shortAndLong, help: "Print nothing.")
  var quiet = false

  @Argument(help: ArgumentHelp("The qcow2 image.", valueName: "file"))
  var file: String

  mutating func validate() throws {
    let actions = [created, applied, deleted].compactMap(\.self).count + (lists ? 1 : 0)
    guard actions <= 1 else { throw ValidationError("give one of -l, -c, -a and -d") }
    guard !forceShare || created ?? applied ?? deleted == nil else {
      throw ValidationError("-U is for reading; it goes with -l only")
    }
  }

  func perform() throws -> Int32 {
    let changes = created ?? applied ?? deleted
    let image =
      forceShare
      ? try QcowImage(ImageOpener.store(file, writable: false))
      : try ImageOpener.forCommands.qcow2(file, readOnly: changes == nil)
    if let name = created {
      try image.createSnapshot(
        named: name, seconds: UInt32(clamping: Int64(Date().timeIntervalSince1970)))
    } else if let name = applied {
      try image.applySnapshot(at: try image.index(ofSnapshot: name))
    } else if let name = deleted {
      // Never by its ID, as qemu-img: of snapshots "0", "1" and "2" the first has the ID 1.
      guard let index = image.snapshots.firstIndex(where: { $0.name == name }) else {
        throw image.noSnapshot(name)
      }
      try image.deleteSnapshot(at: index)
    } else if !image.snapshots.isEmpty, !quiet {
      print(
        SnapshotDescription.table(image.snapshots.map(SnapshotDescription.init))
          .joined(separator: "\n"))
    }
    try image.close()
    return 0
  }
}

extension QcowImage {
  /// A snapshot by its identifier or else by its name, or by qemu-img's spelling of one of the two.
  func index(ofSnapshot text: String) throws(ImageFault) -> Int {
    let isID = text.hasPrefix("snapshot.id=")
    let isName = text.hasPrefix("snapshot.name=")
    let name = isID || isName ? String(text.drop { $0 != "=" }.dropFirst()) : text
    let byID = isName ? nil : snapshots.firstIndex { $0.id == name }
    guard let index = byID ?? (isID ? nil : snapshots.firstIndex { $0.name == name }) else {
      throw noSnapshot(name)
    }
    return index
  }

  fileprivate func noSnapshot(_ name: String) -> ImageFault {
    ImageFault(description, .refused("has no snapshot \"\(name)\""))
  }
}

extension DiskImage {
  /// Makes a disk that was opened for reading what it was when a snapshot was made.
  func show(snapshot name: String) throws(ImageFault) {
    guard let image = self as? QcowImage else {
      throw ImageFault(description, .refused("is not a qcow2 image, and so has no snapshots"))
    }
    try image.showSnapshot(at: image.index(ofSnapshot: name))
  }
}

/// A snapshot as `info` and `snapshot -l` show it, with qemu-img's JSON keys.
struct SnapshotDescription: Encodable {
  let id: String
  let name: String
  let machineStateSize: UInt64
  let seconds: UInt32
  let nanoseconds: UInt32
  let guestSeconds: UInt64
  let guestNanoseconds: UInt64
  let instructionCount: UInt64?

  enum CodingKeys: String, CodingKey {
    case id, name
    case machineStateSize = "vm-state-size"
    case seconds = "date-sec"
    case nanoseconds = "date-nsec"
    case guestSeconds = "vm-clock-sec"
    case guestNanoseconds = "vm-clock-nsec"
    case instructionCount = "icount"
  }

  init(_ snapshot: QcowSnapshot) {
    id = snapshot.id
    name = snapshot.name
    machineStateSize = snapshot.machineStateByteCount
    seconds = snapshot.seconds
    nanoseconds = snapshot.nanoseconds
    guestSeconds = snapshot.guestClock / 1_000_000_000
    guestNanoseconds = snapshot.guestClock % 1_000_000_000
    instructionCount = snapshot.instructionCount
  }

  /// The lines of a list, as qemu-img's.
  static func table(_ snapshots: [SnapshotDescription]) -> [String] {
    let titles = ["ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT"]
    return ["Snapshot list:"] + ([titles] + snapshots.map(\.cells)).map(row)
  }

  private static func row(_ cells: [String]) -> String {
    cells[0].padded(to: 9) + " " + cells[1].padded(to: 16) + " "
      + zip(cells[2...], [8, 20, 13, 11]).map { $0.padded(to: $1, atStart: true) }.joined()
  }

  private var cells: [String] {
    [
      escaped(id), escaped(name), ByteSize(byteCount: machineStateSize).rounded, date, guestClock,
      instructionCount.map(String.init) ?? "",
    ]
  }

  private var date: String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    return formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
  }

  private var guestClock: String {
    String(
      format: "%02d:%02d:%02d.%03d", Int(clamping: guestSeconds / 3600),
      Int(guestSeconds / 60 % 60), Int(guestSeconds % 60), Int(guestNanoseconds / 1_000_000))
  }
}

extension String {
  /// The text with spaces up to `width` columns.
  func padded(to width: Int, atStart: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - count))
    return atStart ? spaces + self : self + spaces
  }
}
