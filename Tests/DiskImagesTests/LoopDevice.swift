import Foundation
import Testing

/// A file as a block device, as long as this object lives.
final class LoopDevice {
  /// Only root may make one, and a container may lack them.
  static let isPossible: Bool = {
    guard let directory = try? TemporaryDirectory(),
      let file = try? directory.write("probe", [UInt8](repeating: 0, count: 4096))
    else { return false }
    return (try? LoopDevice(file)) != nil
  }()

  static let missing: Comment = "SKIPPED: needs root and loop devices (losetup, Debian: mount)"

  let path: String

  init(_ file: String) throws {
    let output = try Self.losetup("--find", "--show", file)
    path = output.trimmingCharacters(in: .newlines)
  }

  deinit { _ = try? Self.losetup("--detach", path) }

  private static func losetup(_ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/sbin/losetup")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self)
  }
}
