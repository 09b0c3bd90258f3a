internal import AlphaCPU
internal import Console
internal import DeviceModel

/// Warnings and traces as lines on standard error or in files.
final class DiagnosticOutput {
  let trace = DeviceTrace()
  private var files: [FileEndpoint] = []

  /// Opens the trace files.
  init(_ targets: [TraceTarget]) throws {
    var places: [DeviceTrace.Category: FileEndpoint] = [:]
    for target in targets {
      trace.enabled.formUnion(target.categories)
      guard let path = target.path else { continue }
      let file = try FileEndpoint(path: path)
      files.append(file)
      for category in target.categories { places[category] = file }
    }
    trace.warningSink = { StandardError.line("breakwater: \($0)") }
    trace.traceSink = { [places] category, text in
      guard let file = places[category] else { return StandardError.line("\(category): \(text)") }
      for byte in text.utf8 { file.send(byte) }
      file.send(UInt8(ascii: "\n"))
      // Now: what other outputs write to the same file stays in order with it.
      file.flush()
    }
  }

  /// Says what could not be written, and how often what was only counted came up.
  func finish() {
    for fault in files.compactMap(\.failure) {
      StandardError.line("breakwater: the trace is incomplete: \(fault)")
    }
    for line in trace.summary { StandardError.line("breakwater: \(line)") }
  }
}
