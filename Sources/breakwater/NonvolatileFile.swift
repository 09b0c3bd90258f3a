internal import Foundation
internal import Machine

/// The file of `--nvram`: the battery-backed memory of the real-time clock.
struct NonvolatileFile {
  private let path: String
  /// The same without symbolic links, whose targets are written, not they.
  private let file: URL
  private let content: [UInt8]

  /// Where the memory, which begins at byte 14 of the chip, has byte 15: what to do after a reset, and
  /// switching on is none.
  private static let shutdownStatus = 15 - 14

  /// Fills the machine's memory from the file, if there is one.
  init(_ path: String, of machine: Machine) throws {
    self.path = path
    file = Self.target(of: path)
    let directory = file.deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: directory) else {
      throw MachineSetUpError("\(path): cannot be written: no file can be made in \(directory)")
    }
    if FileManager.default.fileExists(atPath: path) {
      let bytes = try MachineConfiguration.NamedFile(reading: path).bytes
      let expected = machine.nonvolatileMemory.count
      guard bytes.count == expected else {
        throw MachineSetUpError(
          "\(path): has \(bytes.count) bytes; a file made by --nvram has \(expected)")
      }
      machine.nonvolatileMemory = bytes
      machine.nonvolatileMemory[Self.shutdownStatus] = 0
    }
    content = machine.nonvolatileMemory
  }

  private static func target(of path: String) -> URL {
    var file = URL(fileURLWithPath: path)
    // As many links as Linux follows.
    for _ in 0..<40 {
      let next = try? FileManager.default.destinationOfSymbolicLink(atPath: file.path)
      guard let next else { break }
      file = URL(fileURLWithPath: next, relativeTo: file)
    }
    return file
  }

  /// Writes the file, whole or not at all, if it is missing or the guest changed the memory.
  func save(_ machine: Machine) throws {
    let bytes = machine.nonvolatileMemory
    guard bytes != content || !FileManager.default.fileExists(atPath: path) else { return }
    do {
      try Data(bytes).write(to: file, options: .atomic)
    } catch {
      throw MachineSetUpError("\(path): cannot be written: \(error.localizedDescription)")
    }
  }
}
