/// A serial line on the host's standard input and output.
///
/// On a terminal, input is raw: every key goes to the guest at once, Ctrl-C too, and Ctrl-A starts a
/// key of the emulator (``EscapeKeys``). From a pipe or file, all bytes go to the guest as they are,
/// and the end of the input is no error.
public final class TerminalEndpoint: CharacterEndpoint {
  /// How much typed or piped input waits for the guest; the rest waits in the host.
  private static let inputLimit = 1 << 16
  private static let outputLimit = 1 << 12

  private let source: HostDescriptor
  private let sink: HostDescriptor
  private var mode: TerminalMode?
  private var keys = EscapeKeys()
  private var input = SerialInputQueue()
  private var output: [UInt8] = []
  private var sourceHasEnded = false

  /// Whether the user asked to leave with Ctrl-A x. The run loop looks after ``service()``.
  public private(set) var quitRequested = false

  /// The first error of writing, after which output is dropped.
  public private(set) var failure: ConsoleError?

  /// Asked while nobody takes the output, as of a paused pager; true drops it.
  public var isHopeless: () -> Bool = { false }

  /// The terminal's size; nil for pipes and files.
  public private(set) var windowSize: WindowSize?

  /// A line on two descriptors of the host, which stay open.
  public init(input: Int32 = 0, output: Int32 = 1) {
    source = HostDescriptor(input, isOwned: false)
    sink = HostDescriptor(output, isOwned: false)
    isInteractive = source.isTerminal
    windowSize = isInteractive ? source.windowSize : nil
  }

  /// Sets a terminal to raw input until ``restore()``, the endpoint's end, or the process's end.
  public func start() {
    guard mode == nil, isInteractive else { return }
    mode = TerminalMode(makingRaw: source.number)
    windowSize = source.windowSize ?? windowSize
  }

  deinit {
    flush()
    restore()
  }

  /// Whether the user types into a terminal, so that the escape keys work.
  public let isInteractive: Bool

  /// Gives the terminal back as it was.
  public func restore() { mode?.restore() }

  /// Gives whatever terminal there is back, from any thread, before the process ends at once.
  public static func giveBack() { TerminalMode.giveBack() }

  /// Keeps the byte until a line ends, the buffer is full, or ``flush()``.
  public func send(_ byte: UInt8) {
    output.append(byte)
    if byte == UInt8(ascii: "\n") || output.count >= Self.outputLimit { flush() }
  }

  /// Writes what is kept.
  public func flush() {
    guard !output.isEmpty else { return }
    if failure == nil, case .failed(let code) = sink.writeAll(output[...], unless: isHopeless) {
      failure = .host(operation: "write to", path: "standard output", errno: code)
    }
    output.removeAll(keepingCapacity: true)
  }

  /// The next key or byte that ``service()`` has collected.
  public func receive() -> SerialInput? { input.popFirst() }

  /// Flushes, and collects input. The escape keys work even when the guest reads nothing, until
  /// ``inputLimit`` keys wait.
  public func service() {
    flush()
    if TerminalMode.takeSizeChange() { windowSize = source.windowSize ?? windowSize }
    guard !sourceHasEnded, space > 0 else { return }
    switch source.readAvailable(limit: min(space, 4096)) {
    case .nothingYet: break
    case .ended: sourceHasEnded = true
    case .bytes(let bytes) where !isInteractive: input.append(bytes)
    case .bytes(let bytes): for byte in bytes { take(keys.judge(byte)) }
    }
  }

  /// Whether the source has ended and all of it has been received.
  public var inputHasEnded: Bool { sourceHasEnded && input.isEmpty }

  /// The keys, while there is room for more.
  public var wakeSources: [Int32] { sourceHasEnded || space == 0 ? [] : [source.number] }

  private var space: Int { max(0, Self.inputLimit - input.count) }

  private func take(_ meaning: EscapeKeys.Meaning) {
    switch meaning {
    case .input(let piece): input.append(piece)
    case .prefix, .unknown: break
    case .quit: quitRequested = true
    case .help:
      output.append(contentsOf: EscapeKeys.help.utf8)
      flush()
    }
  }
}
