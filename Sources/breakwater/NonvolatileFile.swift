internal import Foundation
internal import Machine

/// The file of `--nvram`: the battery-backed memory of the real-time clock.
struct NonvolatileFile {
  private let path: String
  /// The same without symbolic links, whose targets are written, not they.
  private let file: String
  private let content: [UInt8]

  /// Where the memory, which begins at byte 14 of the chip, has byte 15: what to do after a reset, and
  /// switching on is none.
  private static let shutdownStatus = 15 - 14

  /// Fills the machine's memory from the file, if there is one.
  init(_ path: String, of machine: Machine) throws {
    self.path = path
    file = path.linksFollowed
    let directory = file.beside(".")
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

  /// Writes the file, whole or not at all, if it is missing or the guest changed the memory.
  func save(_ machine: Machine) throws {
    let bytes = machine.nonvolatileMemory
    guard bytes != content || !FileManager.default.fileExists(atPath: path) else { return }
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: file), options: .atomic)
    } catch {
      throw MachineSetUpError("\(path): cannot be written: \(error.localizedDescription)")
    }
  }
}
