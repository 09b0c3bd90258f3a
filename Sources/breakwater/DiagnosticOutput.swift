internal import AlphaCPU
internal import Console
internal import DeviceModel
internal import DiskImages

/// Warnings and traces as lines on standard error or in files.
final class DiagnosticOutput {
  let trace = DeviceTrace()
  private let errors = FileEndpoint(descriptor: 2, name: "standard error")
  private var files: [FileEndpoint] = []

  /// Asked while nobody takes a line, as of a paused pager; true drops it, and all that follow.
  var isHopeless: () -> Bool = { false } {
    didSet { for file in [errors] + files { file.isHopeless = isHopeless } }
  }

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
    trace.warningSink = { [errors] in Self.put(escaped("breakwater: \($0)"), errors) }
    trace.traceSink = { [places, errors] category, text in
      if let file = places[category] {
        Self.put(text, file)
      } else {
        Self.put(escaped("\(category): \(text)"), errors)
      }
    }
  }

  /// Empties the trace files, and lets into them what has come since.
  func start() { for file in files { file.start() } }

  /// Puts a line on standard error, whatever the names in it.
  func line(_ text: String) { Self.put(escaped(text), errors) }

  private static func put(_ text: String, _ file: FileEndpoint) {
    for byte in text.utf8 { file.send(byte) }
    file.send(UInt8(ascii: "\n"))
    // Now: what other outputs write to the same file stays in order with it.
    file.flush()
  }

  /// Says what could not be written, and how often what was only counted came up.
  func finish() {
    for fault in files.compactMap(\.failure) {
      line("breakwater: the trace is incomplete: \(fault)")
    }
    for text in trace.summary { line("breakwater: \(text)") }
  }
}
