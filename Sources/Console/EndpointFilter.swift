/// An endpoint that stands before another and passes on all that it does not take itself.
public protocol EndpointFilter: CharacterEndpoint {
  /// The endpoint behind.
  var next: any CharacterEndpoint { get }
}

extension EndpointFilter {
  /// Passes the call on.
  public func start() { next.start() }
  /// Passes the byte on.
  public func send(_ byte: UInt8) { next.send(byte) }
  /// Passes the call on.
  public func flush() { next.flush() }
  /// The next endpoint's input.
  public func receive() -> SerialInput? { next.receive() }
  /// Passes the call on.
  public func service() { next.service() }
  /// The next endpoint's answer.
  public var inputHasEnded: Bool { next.inputHasEnded }
  /// The next endpoint's answer.
  public var wakeSources: [Int32] { next.wakeSources }
  /// The next endpoint's answer.
  public var isConnected: Bool { next.isConnected }
  /// The next endpoint's answer.
  public var failure: ConsoleError? { next.failure }
  /// The next endpoint's question.
  public var isHopeless: () -> Bool {
    get { next.isHopeless }
    set { next.isHopeless = newValue }
  }
  /// The next endpoint's answer.
  public var acceptsOutput: Bool { next.acceptsOutput }
  /// The next endpoint's answer.
  public var windowSize: WindowSize? { next.windowSize }
}
