import Foundation
import Testing

@testable import DiskImages

/// The outside judges: qemu-img and qemu-io, where they are installed.
enum QemuTools {
  static let isInstalled = ["qemu-img", "qemu-io"].allSatisfy { path($0) != nil }
  static let reason: Comment = "qemu-img and qemu-io are not installed (Debian: qemu-utils)"

  static func path(_ tool: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/\(tool)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs a tool and answers its exit status and what it printed.
  static func run(
    _ tool: String, _ arguments: [String]
  ) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(path(tool)))
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  @discardableResult
  static func image(_ arguments: String...) throws -> String {
    let result = try run("qemu-img", arguments)
    try #require(result.status == 0, "qemu-img \(arguments): \(result.output)")
    return result.output
  }

  /// Runs qemu-io commands on an image.
  static func io(_ path: String, format: String = "qcow2", _ commands: [String]) throws {
    let result = try run("qemu-io", ["-f", format] + commands.flatMap { ["-c", $0] } + [path])
    try #require(result.status == 0, "qemu-io \(commands): \(result.output)")
  }
}
