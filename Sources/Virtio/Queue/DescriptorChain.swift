/// One buffer that the driver made available, read from guest memory and checked whole.
///
/// The value cannot be copied and must be given back with ``Virtqueue/complete(_:written:)`` or
/// ``Virtqueue/abandon(_:)``.
public struct DescriptorChain: ~Copyable {
  /// The chain's first descriptor, its identity for the driver.
  public let head: UInt16
  /// What the device reads.
  public var readable: ChainReader
  /// What the device writes.
  public var writable: ChainWriter

  let token: CompletionToken
}

/// The duty to give a chain back. (`discard` wants trivial fields, so only the index lives here.)
struct CompletionToken: ~Copyable {
  let head: UInt16

  deinit { assertionFailure("the chain at descriptor \(head) was never given back") }

  consuming func redeem() -> UInt16 {
    let head = head
    discard self
    return head
  }
}
