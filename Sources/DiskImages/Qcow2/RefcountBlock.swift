/// One cluster of refcounts (qcow2 specification, "Host cluster management").
///
/// Widths of 8 bits and more are big-endian; narrower ones fill a byte from its least significant
/// bit.
final class RefcountBlock {
  /// Where the block is in the file.
  let fileOffset: UInt64
  /// log2 of the bits in a refcount.
  private let order: UInt32
  private(set) var bytes: [UInt8]

  init(fileOffset: UInt64, order: UInt32, bytes: [UInt8]) {
    self.fileOffset = fileOffset
    self.order = order
    self.bytes = bytes
  }

  /// Refcounts in the block.
  var count: Int { (bytes.count * 8) >> Int(order) }

  subscript(index: Int) -> UInt64 {
    get {
      if order < 3 {
        let (byte, shift, mask) = place(index)
        return UInt64((bytes[byte] >> shift) & mask)
      }
      let width = 1 << Int(order - 3)
      var value: UInt64 = 0
      for byte in index * width..<(index + 1) * width { value = value << 8 | UInt64(bytes[byte]) }
      return value
    }
    set {
      if order < 3 {
        let (byte, shift, mask) = place(index)
        bytes[byte] =
          bytes[byte] & ~(mask << shift) | (UInt8(truncatingIfNeeded: newValue) & mask) << shift
        return
      }
      let width = 1 << Int(order - 3)
      for byte in 0..<width {
        bytes[index * width + byte] = UInt8(
          truncatingIfNeeded: newValue >> UInt64(8 * (width - 1 - byte)))
      }
    }
  }

  /// The first refcount of zero at or after `index`, or nil.
  func firstFree(from index: Int) -> Int? {
    (index..<count).first { self[$0] == 0 }
  }

  /// The first refcount above zero at or after `index`, or nil. Zeroes are skipped by the byte: a
  /// block has up to 16 million refcounts, and most are zero.
  func firstUsed(from index: Int) -> Int? {
    let bitsLog2 = Int(order)
    var byte = (index << bitsLog2) >> 3
    while byte < bytes.count {
      if bytes[byte] != 0 {
        let first = max(index, (byte << 3) >> bitsLog2)
        let end = max(first + 1, ((byte + 1) << 3) >> bitsLog2)
        if let used = (first..<end).first(where: { self[$0] != 0 }) { return used }
      }
      byte += 1
    }
    return nil
  }

  /// Where a refcount narrower than a byte lies.
  private func place(_ index: Int) -> (byte: Int, shift: UInt8, mask: UInt8) {
    let perByte = 8 >> Int(order)
    let shift = UInt8(index % perByte) << UInt8(order)
    return (index / perByte, shift, UInt8((1 << (1 << Int(order))) - 1))
  }
}
