internal import AlphaCPU
internal import Console
internal import DeviceModel
internal import Foundation

/// Warnings and traces as lines on standard error or in files.
final class DiagnosticOutput {
  let trace = DeviceTrace()
  /// By the path without symbolic links: what goes to one file goes there in order.
  private var files: [String: FileEndpoint] = [:]

  /// Opens the trace files.
  init(_ targets: [TraceTarget]) throws {
    var places: [DeviceTrace.Category: FileEndpoint] = [:]
    for target in targets {
      trace.enabled.formUnion(target.categories)
      guard let path = target.path else { continue }
      let new = try FileEndpoint(path: path)
      let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      let file = files[place] ?? new
      files[place] = file
      for category in target.categories { places[category] = file }
    }
    trace.warningSink = { StandardError.line("breakwater: \($0)") }
    trace.traceSink = { [places] category, text in
      guard let file = places[category] else { return StandardError.line("\(category): \(text)") }
      for byte in text.utf8 { file.send(byte) }
      file.send(UInt8(ascii: "\n"))
      file.flush()
    }
  }

  /// Says what could not be written, and how often what was only counted came up.
  func finish() {
    for fault in files.values.compactMap(\.failure) {
      StandardError.line("breakwater: the trace is incomplete: \(fault)")
    }
    for line in trace.summary { StandardError.line("breakwater: \(line)") }
  }
}
