import Foundation
import Testing

/// A real server on a UNIX-domain socket, which ends with this object.
final class NBDServer {
  static let isInstalled = ["qemu-nbd", "nbdkit"].allSatisfy { QemuTools.path($0) != nil }
  static let reason: Comment =
    "qemu-nbd or nbdkit is not installed (Debian: qemu-utils, nbdkit)"

  private let directory: TemporaryDirectory
  private let process = Process()
  let socket: String

  /// The name of an export here.
  func name(_ export: String = "") -> String {
    "nbd:unix:\(socket)" + (export.isEmpty ? "" : ":exportname=\(export)")
  }

  /// Starts qemu-nbd.
  convenience init(qemu arguments: String...) throws {
    try self.init("qemu-nbd") { socket, pid in
      ["--persistent", "--socket=\(socket)", "--pid-file=\(pid)"] + arguments
    }
  }

  /// Starts nbdkit.
  convenience init(nbdkit arguments: [String]) throws {
    try self.init("nbdkit") { socket, pid in
      ["--foreground", "--unix", socket, "--pidfile", pid] + arguments
    }
  }

  /// Starts a server and waits for the file that it writes when it listens.
  private init(_ tool: String, _ arguments: (String, String) -> [String]) throws {
    directory = try TemporaryDirectory()
    socket = directory.file("s")
    let pid = directory.file("pid")
    process.executableURL = URL(fileURLWithPath: try #require(QemuTools.path(tool)))
    process.arguments = arguments(socket, pid)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    for _ in 0..<6000 where !FileManager.default.fileExists(atPath: pid) { usleep(10000) }
    try #require(FileManager.default.fileExists(atPath: pid), "\(tool) does not listen")
  }

  func stop() { kill(process.processIdentifier, SIGKILL) }

  deinit { stop() }
}
