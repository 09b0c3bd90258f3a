import Foundation
import Testing

/// A real server on a UNIX-domain socket, which ends with this object.
final class NBDServer {
  static let isInstalled = ["qemu-nbd", "nbdkit"].allSatisfy { QemuTools.path($0) != nil }
  static let reason: Comment =
    "qemu-nbd or nbdkit is not installed (Debian: qemu-utils, nbdkit)"

  private let directory: TemporaryDirectory
  private let process: Int32
  let socket: String

  /// The name of an export here.
  func name(_ export: String = "") -> String {
    "nbd:unix:\(socket)" + (export.isEmpty ? "" : ":exportname=\(export)")
  }

  /// Starts qemu-nbd, which goes to the background when it listens.
  convenience init(qemu arguments: String...) throws {
    try self.init("qemu-nbd") { socket, pid in
      ["--fork", "--persistent", "--socket=\(socket)", "--pid-file=\(pid)"] + arguments
    }
  }

  /// Starts nbdkit, which goes to the background when it listens.
  convenience init(nbdkit arguments: [String]) throws {
    try self.init("nbdkit") { socket, pid in ["--unix", socket, "--pidfile", pid] + arguments }
  }

  private init(_ tool: String, _ arguments: (String, String) -> [String]) throws {
    directory = try TemporaryDirectory()
    socket = directory.file("s")
    let (status, output) = try QemuTools.run(
      tool, arguments(socket, directory.file("pid")), hasOutput: false)
    try #require(status == 0, "\(tool): \(output)")
    let text = String(decoding: try directory.read("pid"), as: UTF8.self)
    process = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  func stop() { kill(process, SIGKILL) }

  deinit { stop() }
}
