import Foundation

/// The established emulator as a second opinion on what instructions do.
enum Peer {
  static let environment = ProcessInfo.processInfo.environment

  /// `qemu-alpha`, if it is installed.
  static let user = program("qemu-alpha")
  /// `qemu-system-alpha`, if it is installed.
  static let system = program("qemu-system-alpha")

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What an executable writes to its standard output in user mode.
  static func run(_ image: [UInt8]) throws -> [UInt8] {
    guard let user else { throw Failure(description: "qemu-alpha is missing") }
    return try withTemporaryFile(image) { file in
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file.path)
      return try output(of: user, ["-cpu", "ev67", file.path], seconds: 60)
    }
  }

  /// What the harness says of its programs.
  static func run(
    _ programs: [SystemProgram], verbose: Bool = false, firmware: URL = SystemRun.firmware[0]
  ) throws -> [String] {
    guard let system else { throw Failure(description: "qemu-system-alpha is missing") }
    let batch = SystemProgram.batch(programs, verbose: verbose)
    let bytes = try withTemporaryFile(batch) { file in
      try output(
        of: system,
        [
          "-M", "clipper", "-m", "\(SystemRun.ramByteCount >> 20)M", "-bios", firmware.path,
          "-kernel", SystemRun.harness.path, "-initrd", file.path, "-nographic", "-vga", "none",
          "-nic", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
        ], seconds: 120)
    }
    return try harnessLines(bytes)
  }

  /// What the harness prints behind what the firmware has to say.
  static func harnessLines(_ output: [UInt8]) throws -> [String] {
    let lines = output.filter { $0 != UInt8(ascii: "\r") }.split(separator: UInt8(ascii: "\n"))
      .map { String(decoding: $0, as: UTF8.self) }
    guard lines.last == "end" else {
      throw Failure(description: "the harness ends with \(lines.last ?? "nothing")")
    }
    return Array(lines.drop { !$0.hasPrefix("hash ") && !$0.hasPrefix("entry ") }.dropLast())
  }

  private static func program(_ name: String) -> String? {
    environment["PATH", default: "/usr/bin"].split(separator: ":").map { $0 + "/" + name }
      .first(where: FileManager.default.isExecutableFile)
  }

  private static func withTemporaryFile<Result>(
    _ content: [UInt8], _ body: (URL) throws -> Result
  ) throws -> Result {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("breakwater-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(content).write(to: file)
    return try body(file)
  }

  private static func output(
    of program: String, _ arguments: [String], seconds: Double
  ) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let deadline = DispatchWorkItem { [id = process.processIdentifier] in _ = kill(id, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: deadline)
    let output = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    deadline.cancel()
    guard process.terminationStatus == 0, process.terminationReason == .exit else {
      throw Failure(description: "the peer ended with status \(process.terminationStatus)")
    }
    return output
  }
}
