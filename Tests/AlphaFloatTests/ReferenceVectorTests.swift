import AlphaFloat
import Foundation
import Testing

/// Replays the answers of scripts/float-reference, which knows only the architecture and
/// exact rational arithmetic.
@Suite struct ReferenceVectorTests {
  @Test(
    "Every operation answers as the exact reference does",
    .enabled(if: Reference.isAvailable, "python3 is not installed: the exact reference cannot run"),
    arguments: Operation.all)
  func agrees(_ operation: Operation) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("float-\(operation.name)-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Reference.writeVectors(of: operation.name, into: folder)
    let file = try FileHandle(forReadingFrom: folder.appendingPathComponent(operation.name))
    var replayed = 0
    var differences = 0
    while let chunk = try file.read(upToCount: 40 << 12), !chunk.isEmpty {
      let bytes = [UInt8](chunk)
      #expect(bytes.count % 40 == 0)
      for start in stride(from: 0, through: bytes.count - 40, by: 40) {
        let vector = Vector(bytes, at: start)
        let control = FloatControl(function: vector.function, fpcr: FPCR(vector.fpcr))
        let result = operation.run(vector.a, vector.b, control)
        replayed += 1
        if vector.accepts(result) { continue }
        differences += 1
        if differences <= 5 { Issue.record("\(operation.name) \(vector), but got \(result)") }
      }
    }
    #expect(replayed > Settings.vectors)
    #expect(differences == 0)
  }
}

/// One record of the reference: an instruction and its complete answer.
private struct Vector: CustomStringConvertible {
  let function: UInt32
  let isWritten: Bool
  let status: FloatTraps
  let traps: FloatTraps
  let fpcr, a, b, bits: UInt64

  init(_ bytes: [UInt8], at start: Int) {
    func word(_ index: Int) -> UInt64 {
      var value: UInt64 = 0
      for byte in 0..<8 { value |= UInt64(bytes[start + index * 8 + byte]) << UInt64(byte * 8) }
      return value
    }
    let head = word(0)
    function = UInt32(head & 0xffff)
    isWritten = head >> 16 & 1 != 0
    status = FloatTraps(rawValue: UInt8(truncatingIfNeeded: head >> 24))
    traps = FloatTraps(rawValue: UInt8(truncatingIfNeeded: head >> 32))
    fpcr = word(1)
    a = word(2)
    b = word(3)
    bits = word(4)
  }

  func accepts(_ result: FloatResult) -> Bool {
    result.isWritten == isWritten && (result.bits == bits || !isWritten)
      && result.status == status && result.traps == traps
  }

  var description: String {
    func hex(_ value: UInt64) -> String { String(value, radix: 16) }
    return "function \(hex(UInt64(function))) fpcr \(hex(fpcr)) of \(hex(a)), \(hex(b)) is"
      + " \(hex(bits)) written \(isWritten) status \(status.rawValue) traps \(traps.rawValue)"
  }
}

private enum Reference {
  static let isAvailable = (try? run(["-c", ""])) == 0

  /// Runs the script for one operation: it writes `folder/name`.
  static func writeVectors(of name: String, into folder: URL) throws {
    let script = URL(fileURLWithPath: #filePath)
      .appendingPathComponent("../../../scripts/float-reference/vectors.py").standardizedFileURL
    let status = try run([
      script.path, folder.path, name, "--every", "\(Settings.every)",
      "--random", "\(Settings.vectors)", "--seed", "\(Settings.seed)",
    ])
    try #require(status == 0, "\(script.path) failed")
  }

  private static func run(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
