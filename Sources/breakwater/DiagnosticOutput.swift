internal import AlphaCPU
internal import DeviceModel
internal import Foundation
internal import Machine

/// Warnings and traces as lines on standard error or in files.
final class DiagnosticOutput {
  let trace = DeviceTrace()
  private var files: [DeviceTrace.Category: FileHandle] = [:]

  /// Opens the trace files.
  init(_ targets: [TraceTarget]) throws {
    for target in targets {
      trace.enabled.formUnion(target.categories)
      guard let path = target.path else { continue }
      guard FileManager.default.createFile(atPath: path, contents: nil),
        let file = FileHandle(forWritingAtPath: path)
      else { throw MachineSetUpError("\(path): cannot be written, so there is no trace") }
      for category in target.categories { files[category] = file }
    }
    trace.warningSink = { StandardError.line("breakwater: \($0)") }
    trace.traceSink = { [files] category, text in
      if let file = files[category] {
        try? file.write(contentsOf: Data((text + "\n").utf8))
      } else {
        StandardError.line("\(category): \(text)")
      }
    }
  }

  /// Says how often what was only counted came up.
  func finish() {
    for line in trace.summary { StandardError.line("breakwater: \(line)") }
  }
}
