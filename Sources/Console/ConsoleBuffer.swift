/// A serial line that ends in memory: tests and scripts put input in and look at the output.
public final class ConsoleBuffer: CharacterEndpoint {
  private var output: ByteQueue
  private var input = SerialInputQueue()

  /// A buffer that keeps the last `outputLimit` bytes of output.
  public init(outputLimit: Int = 1 << 20) { output = ByteQueue(limit: max(outputLimit, 1)) }

  /// The output, or its last part where it exceeded the limit.
  public var outputBytes: [UInt8] { Array(output.contents) }

  /// The output as text; what is not UTF-8 shows as replacement characters.
  public var outputText: String { String(decoding: output.contents, as: UTF8.self) }

  /// Queues text for the guest.
  public func type(_ text: String) { input.append(text.utf8) }

  /// Queues one piece of input for the guest.
  public func type(_ piece: SerialInput) { input.append(piece) }

  /// Keeps the byte.
  public func send(_ byte: UInt8) { output.append(droppingOldest: byte) }

  /// What was typed, in order.
  public func receive() -> SerialInput? { input.popFirst() }

  /// Always true: nobody types while the guest runs.
  public var inputHasEnded: Bool { true }
}
