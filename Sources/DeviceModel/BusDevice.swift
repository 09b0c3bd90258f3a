/// A block of registers on a bus. Offsets count bytes from the start of the block.
public protocol BusDevice: AnyObject {
  /// The value at `offset`, in the low `width` bytes.
  func read(_ offset: UInt64, _ width: AccessWidth) throws(AccessRefusal) -> UInt64
  /// Stores the low `width` bytes of `value` at `offset`.
  func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws(AccessRefusal)
}
