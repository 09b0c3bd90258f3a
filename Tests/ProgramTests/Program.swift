import Foundation
import Subprocess
import SystemPackage
import Testing

/// The built program, as a user runs it.
enum Program {
  /// Where it is: BREAKWATER, or the release build.
  static var path: String {
    let named = ProcessInfo.processInfo.environment["BREAKWATER"] ?? ".build/release/breakwater"
    return URL(fileURLWithPath: named).path
  }

  static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: path) }

  static let missing: Comment =
    "SKIPPED: no release build at BREAKWATER or .build/release/breakwater; run scripts/build"

  struct Result {
    var status: Int32
    var output: String
    var errors: String

    var errorLines: [Substring] { errors.split(separator: "\n") }
    var lines: [String] {
      output.split(whereSeparator: \.isNewline).map(String.init)
    }
  }

  /// Runs the program to its end, with nothing on standard input.
  ///
  /// - Parameters:
  ///   - interruptAfter: when to send a signal.
  ///   - signal: which; an interrupt is what Ctrl-C sends.
  ///   - times: how often, each as long after the one before.
  static func run(
    _ arguments: String..., interruptAfter: Duration? = nil, signal: Signal = .interrupt,
    times: Int = 1
  ) async throws -> Result {
    try await run(
      path, arguments, interruptAfter: interruptAfter, signal: signal, times: times)
  }

  /// Runs one of scripts/ from another directory.
  static func runScript(
    _ name: String, _ arguments: [String], in directory: TemporaryDirectory
  ) async throws -> Result {
    let script = FileManager.default.currentDirectoryPath + "/scripts/" + name
    return try await run(
      "/bin/sh",
      ["-c", "cd \"$0\" && exec env BREAKWATER=\"$@\"", directory.path, path, script] + arguments)
  }

  /// Runs a program that is found on the PATH, or at a path.
  static func run(
    _ name: String, _ arguments: [String], interruptAfter: Duration? = nil,
    signal: Signal = .interrupt, times: Int = 1
  ) async throws -> Result {
    let record = try await Subprocess.run(
      name.contains("/") ? .path(FilePath(name)) : .name(name), arguments: Arguments(arguments),
      input: .none, output: .string(limit: 1 << 24), error: .string(limit: 1 << 22)
    ) { execution in
      guard let interruptAfter else { return }
      for _ in 0..<times {
        try await Task.sleep(for: interruptAfter)
        try execution.send(signal: signal)
      }
    }
    let status: Int32 =
      switch record.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return Result(
      status: status, output: record.standardOutput, errors: record.standardError)
  }
}

/// A directory that goes with the value.
final class TemporaryDirectory {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) -> String {
    #expect(FileManager.default.createFile(atPath: file(name), contents: Data(bytes)))
    return file(name)
  }
}

/// A bare-metal kernel made of instruction words.
enum TinyKernel {
  /// KSEG address where the code is linked: 16 MB.
  static let base: UInt64 = 0xFFFF_FC00_0100_0000

  static func elf(_ words: [UInt32], machine: UInt16 = 0x9026) -> [UInt8] {
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    func put<Value: FixedWidthInteger>(_ value: Value) {
      for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
      }
    }
    put(UInt16(2)); put(machine); put(UInt32(1)); put(base); put(UInt64(64)); put(UInt64(0))
    put(UInt32(0)); put(UInt16(64)); put(UInt16(56)); put(UInt16(1))
    put(UInt16(0)); put(UInt16(0)); put(UInt16(0))
    let size = UInt64(words.count * 4)
    put(UInt32(1)); put(UInt32(7)); put(UInt64(120)); put(base); put(base); put(size); put(size)
    put(UInt64(8192))
    for word in words { put(word) }
    return bytes
  }
}
