internal import Foundation
internal import Machine
internal import SouthBridge

/// The file of `--nvram`: the battery-backed memory of the real-time clock, as it is.
struct NonvolatileFile {
  private let path: String
  private let content: [UInt8]

  /// Fills the machine's memory from the file, if there is one.
  init(_ path: String, of machine: Machine) throws {
    self.path = path
    if FileManager.default.fileExists(atPath: path) {
      let bytes = try MachineConfiguration.NamedFile(reading: path).bytes
      guard bytes.count == RealTimeClock.nonvolatileByteCount else {
        throw MachineSetUpError(
          "\(path): has \(bytes.count) bytes; a file made by --nvram has "
            + "\(RealTimeClock.nonvolatileByteCount)")
      }
      machine.southBridge.realTimeClock.nonvolatileMemory = bytes
    }
    content = machine.southBridge.realTimeClock.nonvolatileMemory
  }

  /// Writes the file, whole or not at all, if it is missing or the guest changed the memory.
  func save(_ machine: Machine) throws {
    let bytes = machine.southBridge.realTimeClock.nonvolatileMemory
    guard bytes != content || !FileManager.default.fileExists(atPath: path) else { return }
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw MachineSetUpError("\(path): cannot be written: \(error.localizedDescription)")
    }
  }
}
