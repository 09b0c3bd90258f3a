/// What the integer operates compute, as pure functions of their operands (Alpha AHB chapter 4).
enum IntegerSemantics {
  @inline(__always) static func long(_ value: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
  }

  @inline(__always) static func flag(_ condition: Bool) -> UInt64 { condition ? 1 : 0 }

  @inline(__always) static func less(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a) < Int64(bitPattern: b)
  }

  @inline(__always) static func lessOrEqual(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a) <= Int64(bitPattern: b)
  }

  // MARK: Arithmetic that reports overflow

  @inline(__always) static func addlV(_ a: UInt64, _ b: UInt64) -> (UInt64, Bool) {
    let (sum, overflow) = Int32(truncatingIfNeeded: a)
      .addingReportingOverflow(Int32(truncatingIfNeeded: b))
    return (UInt64(bitPattern: Int64(sum)), overflow)
  }

  @inline(__always) static func sublV(_ a: UInt64, _ b: UInt64) -> (UInt64, Bool) {
    let (difference, overflow) = Int32(truncatingIfNeeded: a)
      .subtractingReportingOverflow(Int32(truncatingIfNeeded: b))
    return (UInt64(bitPattern: Int64(difference)), overflow)
  }

  @inline(__always) static func mullV(_ a: UInt64, _ b: UInt64) -> (UInt64, Bool) {
    let (product, overflow) = Int32(truncatingIfNeeded: a)
      .multipliedReportingOverflow(by: Int32(truncatingIfNeeded: b))
    return (UInt64(bitPattern: Int64(product)), overflow)
  }

  @inline(__always) static func addqV(_ a: UInt64, _ b: UInt64) -> (UInt64, Bool) {
    let (sum, overflow) = Int64(bitPattern: a).addingReportingOverflow(Int64(bitPattern: b))
    return (UInt64(bitPattern: sum), overflow)
  }

  @inline(__always) static func subqV(_ a: UInt64, _ b: UInt64) -> (UInt64, Bool) {
    let (difference, overflow) = Int64(bitPattern: a)
      .subtractingReportingOverflow(Int64(bitPattern: b))
    return (UInt64(bitPattern: difference), overflow)
  }

  @inline(__always) static func mulqV(_ a: UInt64, _ b: UInt64) -> (UInt64, Bool) {
    let (product, overflow) = Int64(bitPattern: a)
      .multipliedReportingOverflow(by: Int64(bitPattern: b))
    return (UInt64(bitPattern: product), overflow)
  }

  // MARK: Bytes

  /// Eight bytes of ones or zeroes, one for each of the low eight bits.
  @inline(__always) static func byteMask(_ bits: UInt64) -> UInt64 {
    // Spread the bits to the bytes' lowest bits, then widen each to a byte.
    var spread = bits & 0xFF
    spread = (spread | (spread &<< 28)) & 0x0000_000F_0000_000F
    spread = (spread | (spread &<< 14)) & 0x0003_0003_0003_0003
    spread = (spread | (spread &<< 7)) & 0x0101_0101_0101_0101
    return spread &* 0xFF
  }

  /// The low `size` bytes set.
  @inline(__always) static func sizeMask(_ size: UInt64) -> UInt64 {
    size == 8 ? .max : (1 &<< (size &* 8)) &- 1
  }

  @inline(__always) static func zapnot(_ a: UInt64, _ b: UInt64) -> UInt64 { a & byteMask(b) }
  @inline(__always) static func zap(_ a: UInt64, _ b: UInt64) -> UInt64 { a & ~byteMask(b) }

  @inline(__always) static func extractLow(_ a: UInt64, _ b: UInt64, _ size: UInt64) -> UInt64 {
    (a &>> ((b & 7) &* 8)) & sizeMask(size)
  }

  @inline(__always) static func extractHigh(_ a: UInt64, _ b: UInt64, _ size: UInt64) -> UInt64 {
    (a &<< (0 &- (b & 7) &* 8)) & sizeMask(size)
  }

  @inline(__always) static func insertLow(_ a: UInt64, _ b: UInt64, _ size: UInt64) -> UInt64 {
    (a & sizeMask(size)) &<< ((b & 7) &* 8)
  }

  /// The part of the field that an insertion at byte `b` pushes over the quadword's end.
  @inline(__always) static func insertHigh(_ a: UInt64, _ b: UInt64, _ size: UInt64) -> UInt64 {
    // Two shifts, because the distance is 64 for b = 0.
    ((a & sizeMask(size)) &>> 1) &>> (63 &- (b & 7) &* 8)
  }

  @inline(__always) static func maskLow(_ a: UInt64, _ b: UInt64, _ size: UInt64) -> UInt64 {
    a & ~(sizeMask(size) &<< ((b & 7) &* 8))
  }

  @inline(__always) static func maskHigh(_ a: UInt64, _ b: UInt64, _ size: UInt64) -> UInt64 {
    a & ~((sizeMask(size) &>> 1) &>> (63 &- (b & 7) &* 8))
  }

  /// Bit i of the result: byte i of `a` is not below byte i of `b`, unsigned.
  @inline(__always) static func compareBytes(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var result: UInt64 = 0
    for lane in 0..<8 as Range<UInt64> {
      let left = (a &>> (lane &* 8)) & 0xFF
      let right = (b &>> (lane &* 8)) & 0xFF
      result |= flag(left >= right) &<< lane
    }
    return result
  }

  // MARK: Multimedia (MVI)

  /// The sum of the absolute differences of the unsigned bytes.
  @inline(__always) static func pixelError(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var sum: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 8) as StrideTo<UInt64> {
      let left = (a &>> shift) & 0xFF
      let right = (b &>> shift) & 0xFF
      sum &+= left > right ? left &- right : right &- left
    }
    return sum
  }

  @inline(__always) static func unpackBytesToWords(_ b: UInt64) -> UInt64 {
    (b & 0xFF) | ((b & 0xFF00) &<< 8) | ((b & 0xFF_0000) &<< 16) | ((b & 0xFF00_0000) &<< 24)
  }

  @inline(__always) static func unpackBytesToLongs(_ b: UInt64) -> UInt64 {
    (b & 0xFF) | ((b & 0xFF00) &<< 24)
  }

  @inline(__always) static func packWordsToBytes(_ b: UInt64) -> UInt64 {
    (b & 0xFF) | ((b &>> 8) & 0xFF00) | ((b &>> 16) & 0xFF_0000) | ((b &>> 24) & 0xFF00_0000)
  }

  @inline(__always) static func packLongsToBytes(_ b: UInt64) -> UInt64 {
    (b & 0xFF) | ((b &>> 24) & 0xFF00)
  }

  /// Applies `choose` to each lane, sign-extended where `signed`.
  @inline(__always) static func lanes(
    _ a: UInt64, _ b: UInt64, width: UInt64, signed: Bool, _ choose: (Int64, Int64) -> Int64
  ) -> UInt64 {
    var result: UInt64 = 0
    let top = 64 &- width
    for shift in stride(from: 0, to: 64, by: Int(width)) {
      let left = (a &>> UInt64(shift)) &<< top
      let right = (b &>> UInt64(shift)) &<< top
      let chosen =
        signed
        ? choose(Int64(bitPattern: left) &>> Int64(top), Int64(bitPattern: right) &>> Int64(top))
        : choose(Int64(bitPattern: left &>> top), Int64(bitPattern: right &>> top))
      result |= ((UInt64(bitPattern: chosen) &<< top) &>> top) &<< UInt64(shift)
    }
    return result
  }

  // MARK: Implementation

  /// BWX, FIX, CIX, MVI, precise arithmetic traps, prefetch with modify intent: an EV67.
  static let features: UInt64 = 0x1307
  /// IMPLVER of the EV6 family.
  static let implementationVersion: UInt64 = 2
}
