internal import Foundation

/// A line on the terminal that says how far a long operation is, how fast it goes and how long it
/// still takes. Where standard error is no terminal, there is none. It goes away with this object.
final class ProgressBar {
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant?

  /// A bar, unless `isWanted` is false.
  init(isWanted: Bool) { isShown = isWanted && isatty(STDERR_FILENO) == 1 }

  /// Shows that `done` of `total` bytes are done, at most ten times a second.
  func show(_ done: UInt64, of total: UInt64) {
    let now = ContinuousClock.now
    guard isShown, lastShown.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
    lastShown = now
    Self.draw(Self.text(done, of: total, after: now - start))
  }

  deinit { finish() }

  /// Removes the bar.
  func finish() {
    guard lastShown != nil else { return }
    lastShown = nil
    Self.draw("")
  }

  /// Removes whatever bar there is from a terminal.
  static func clear() {
    if isatty(STDERR_FILENO) == 1 { draw("") }
  }

  /// The bar's text.
  static func text(_ done: UInt64, of total: UInt64, after elapsed: Duration) -> String {
    let share = total == 0 ? 1 : min(1, Double(done) / Double(total))
    let seconds = elapsed / .seconds(1)
    let width = 30
    let filled = Int(share * Double(width))
    let bar =
      String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    var text = "[\(bar)] \(String(format: "%5.1f", share * 100)) %"
    guard seconds > 0.1, done > 0 else { return text }
    let rate = Double(done) / seconds
    text += "  \(ByteSize(byteCount: UInt64(min(rate, 1e18))).rounded)/s"
    let remaining = Int(min(Double(total - min(done, total)) / rate, 359_999))
    text += String(format: "  %d:%02d left", remaining / 60, remaining % 60)
    return text
  }

  private static func draw(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K\(text)".utf8))
  }
}

/// How far the first pass through a gzip image is. Ctrl-C stops it.
final class IndexingProgress {
  private var running: (bar: ProgressBar, interruption: Interruption)?

  /// Shows that `done` of `total` bytes are read. Answers whether to go on.
  func show(_ done: UInt64, of total: UInt64) -> Bool {
    let (bar, interruption) = running ?? (ProgressBar(isWanted: true), Interruption())
    let goesOn = !interruption.hasHappened
    if goesOn, done < total {
      bar.show(done, of: total)
      running = (bar, interruption)
    } else {
      bar.finish()
      running = nil
    }
    return goesOn
  }
}
