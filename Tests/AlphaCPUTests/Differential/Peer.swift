import Foundation

/// The established emulator in user mode, as a second opinion on what instructions do.
enum Peer {
  static let environment = ProcessInfo.processInfo.environment

  /// `qemu-alpha`, if it is installed.
  static let path = environment["PATH", default: "/usr/bin"].split(separator: ":")
    .map { $0 + "/qemu-alpha" }
    .first(where: FileManager.default.isExecutableFile)

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What an executable writes to its standard output.
  static func run(_ image: [UInt8]) throws -> [UInt8] {
    guard let path else { throw Failure(description: "qemu-alpha is missing") }
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("breakwater-\(UUID().uuidString).elf")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(image).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file.path)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-cpu", "ev67", file.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    guard process.terminationStatus == 0, process.terminationReason == .exit else {
      throw Failure(description: "qemu-alpha ended with status \(process.terminationStatus)")
    }
    return output
  }
}
