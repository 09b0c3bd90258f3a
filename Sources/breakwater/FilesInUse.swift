internal import DiskImages
internal import Foundation
internal import Machine

/// The files that a command line names, so that no output empties one of them before anybody looks.
struct FilesInUse {
  /// What each file is to the run.
  private var uses: [Place: String] = [:]

  /// A file, whatever its name.
  private enum Place: Hashable {
    case file(device: UInt64, inode: UInt64)
    /// One that does not exist yet, in a directory that does.
    indirect case missing(name: Substring, directory: Place)

    /// Nil for what output may share: terminals, pipes, the null device.
    init?(_ path: String) {
      let file = path.linksFollowed
      if let place = Place(file, [.typeRegular, .typeBlockSpecial]) {
        self = place
      } else if !FileManager.default.fileExists(atPath: path),
        let directory = Place(file.beside("."), [.typeDirectory])
      {
        self = .missing(name: file.split(separator: "/").last ?? "", directory: directory)
      } else {
        return nil
      }
    }

    /// What lies at a path, if it is of one of these kinds.
    private init?(_ path: String, _ kinds: Set<FileAttributeType>) {
      guard let status = try? FileManager.default.attributesOfItem(atPath: path),
        let kind = status[.type] as? FileAttributeType, kinds.contains(kind),
        let device = status[.systemNumber] as? UInt64,
        let inode = status[.systemFileNumber] as? UInt64
      else { return nil }
      self = .file(device: device, inode: inode)
    }
  }

  /// The files to which the shell has led the standard streams.
  init() {
    for (number, name) in ["input", "output", "error"].enumerated() {
      add("/dev/fd/\(number)", "standard \(name)")
    }
  }

  /// A file that the run reads, or keeps something in.
  mutating func add(_ path: String, _ use: String) {
    if let place = Place(path) { uses[place] = use }
  }

  /// A disk's image with its backing files, as far as they can be read; opening the disk says the rest.
  mutating func add(_ disk: DiskConfiguration) {
    if case .file(let overlay) = disk.overlay { add(overlay, "an overlay") }
    var next: String? = disk.path
    for _ in 0..<ImageOpener.maximumDepth {
      guard let path = next, (try? ImageOpener.isExport(path)) == false else { return }
      add(path, "a disk")
      guard disk.format != ImageFormat.raw.rawValue,
        let file = try? HostFile(path, writable: false),
        let name = (try? QcowImage(file))?.information.backingName
      else { return }
      next = try? resolved(name, from: path)
    }
  }

  /// Throws if output to a file would destroy what it is to the run.
  func checkOutput(_ path: String, _ use: String) throws {
    guard let place = Place(path), let other = uses[place] else { return }
    throw MachineSetUpError(
      "\(path) cannot be \(use): it is \(other) of this run; name another file")
  }

  /// The same for output that shares its file with no other.
  mutating func claim(_ path: String, _ use: String) throws {
    try checkOutput(path, use)
    add(path, use)
  }
}
