import AlphaFloat
import SeededRandom
import Testing

/// One operation in nearest rounding three ways: the exact path, the fast path, and the host
/// itself, in its own formats.
private struct Threefold: Sendable, CustomTestStringConvertible {
  enum Operands { case t, s, integer }

  let name: String
  let operands: Operands
  let exact: @Sendable (UInt64, UInt64, FloatControl) -> FloatResult
  let fast: @Sendable (UInt64, UInt64, Bool) -> UInt64?
  let host: @Sendable (UInt64, UInt64) -> UInt64

  var testDescription: String { name }
}

private func t(_ image: UInt64) -> Double { Double(bitPattern: image) }
private func s(_ image: UInt64) -> Float { Float(Double(bitPattern: image)) }
private func image(_ value: Double) -> UInt64 { value.bitPattern }
private func image(_ value: Float) -> UInt64 { Double(value).bitPattern }
private func truth(_ value: Bool) -> UInt64 { value ? 0x4000_0000_0000_0000 : 0 }

private let operations: [Threefold] = [
  Threefold(
    name: "addt", operands: .t, exact: { IEEE.add($0, $1, .t, $2) },
    fast: { HostFloat.addT($0, $1, allowInexact: $2) }, host: { image(t($0) + t($1)) }),
  Threefold(
    name: "subt", operands: .t, exact: { IEEE.subtract($0, $1, .t, $2) },
    fast: { HostFloat.subtractT($0, $1, allowInexact: $2) }, host: { image(t($0) - t($1)) }),
  Threefold(
    name: "mult", operands: .t, exact: { IEEE.multiply($0, $1, .t, $2) },
    fast: { HostFloat.multiplyT($0, $1, allowInexact: $2) }, host: { image(t($0) * t($1)) }),
  Threefold(
    name: "divt", operands: .t, exact: { IEEE.divide($0, $1, .t, $2) },
    fast: { HostFloat.divideT($0, $1, allowInexact: $2) }, host: { image(t($0) / t($1)) }),
  Threefold(
    name: "sqrtt", operands: .t, exact: { IEEE.squareRoot($1, .t, $2) },
    fast: { HostFloat.squareRootT($1, allowInexact: $2) },
    host: { image(t($1).squareRoot()) }),
  Threefold(
    name: "adds", operands: .s, exact: { IEEE.add($0, $1, .s, $2) },
    fast: { HostFloat.addS($0, $1, allowInexact: $2) }, host: { image(s($0) + s($1)) }),
  Threefold(
    name: "subs", operands: .s, exact: { IEEE.subtract($0, $1, .s, $2) },
    fast: { HostFloat.subtractS($0, $1, allowInexact: $2) }, host: { image(s($0) - s($1)) }),
  Threefold(
    name: "muls", operands: .s, exact: { IEEE.multiply($0, $1, .s, $2) },
    fast: { HostFloat.multiplyS($0, $1, allowInexact: $2) }, host: { image(s($0) * s($1)) }),
  Threefold(
    name: "divs", operands: .s, exact: { IEEE.divide($0, $1, .s, $2) },
    fast: { HostFloat.divideS($0, $1, allowInexact: $2) }, host: { image(s($0) / s($1)) }),
  Threefold(
    name: "sqrts", operands: .s, exact: { IEEE.squareRoot($1, .s, $2) },
    fast: { HostFloat.squareRootS($1, allowInexact: $2) },
    host: { image(s($1).squareRoot()) }),
  Threefold(
    name: "cmpteq", operands: .t, exact: { IEEE.compareEqual($0, $1, $2) },
    fast: { a, b, _ in HostFloat.compareEqual(a, b) }, host: { truth(t($0) == t($1)) }),
  Threefold(
    name: "cmptlt", operands: .t, exact: { IEEE.compareLess($0, $1, $2) },
    fast: { a, b, _ in HostFloat.compareLess(a, b) }, host: { truth(t($0) < t($1)) }),
  Threefold(
    name: "cmptle", operands: .t, exact: { IEEE.compareLessOrEqual($0, $1, $2) },
    fast: { a, b, _ in HostFloat.compareLessOrEqual(a, b) }, host: { truth(t($0) <= t($1)) }),
  Threefold(
    name: "cmptun", operands: .t, exact: { IEEE.compareUnordered($0, $1, $2) },
    fast: { a, b, _ in HostFloat.compareUnordered(a, b) }, host: { _, _ in 0 }),
  Threefold(
    name: "cvtts", operands: .t, exact: { IEEE.convertTtoS($1, $2) },
    fast: { HostFloat.convertTtoS($1, allowInexact: $2) }, host: { image(Float(t($1))) }),
  Threefold(
    name: "cvtst", operands: .s, exact: { IEEE.convertStoT($1, $2) },
    fast: { _, b, _ in HostFloat.convertStoT(b) }, host: { $1 }),
  Threefold(
    name: "cvttq", operands: .t, exact: { IEEE.convertTtoQ($1, $2) },
    fast: { HostFloat.convertTtoQ($1, allowInexact: $2) },
    host: { integer(t($1).rounded(.toNearestOrEven)) }),
  Threefold(
    name: "cvttq/c", operands: .t,
    exact: { b, a, control in
      var chopped = control
      chopped.rounding = .chopped
      return IEEE.convertTtoQ(a, chopped)
    },
    fast: { HostFloat.convertTtoQChopped($1, allowInexact: $2) },
    host: { integer(t($1).rounded(.towardZero)) }),
  Threefold(
    name: "cvtqt", operands: .integer, exact: { IEEE.convertQ($1, to: .t, $2) },
    fast: { HostFloat.convertQtoT($1, allowInexact: $2) },
    host: { image(Double(Int64(bitPattern: $1))) }),
  Threefold(
    name: "cvtqs", operands: .integer, exact: { IEEE.convertQ($1, to: .s, $2) },
    fast: { HostFloat.convertQtoS($1, allowInexact: $2) },
    host: { image(Float(Int64(bitPattern: $1))) }),
]

/// The low 64 bits of an integral number, by exact steps.
private func integer(_ value: Double) -> UInt64 {
  guard value.magnitude < 0x1p63 else {
    let low = value.magnitude.truncatingRemainder(dividingBy: 0x1p64)
    let bits = UInt64(exactly: low) ?? 0
    return value < 0 ? 0 &- bits : bits
  }
  return UInt64(bitPattern: Int64(value))
}

@Suite struct HostFloatTests {
  private static let control = FloatControl(rounding: .nearest, qualifiers: [], fpcr: FPCR())

  @Test("Exact path, fast path and host agree on random operands", arguments: operations)
  fileprivate func agreesOnRandomOperands(_ operation: Threefold) {
    var generator = SeededGenerator(Settings.seed &+ UInt64(operation.name.utf8.count))
    var judged = 0
    for _ in 0..<Settings.pairs {
      let (a, b) = pair(operation.operands, &generator)
      if !check(operation, a, b, &judged) { return }
    }
    // Otherwise the operands are badly chosen and the test proves nothing.
    #expect(judged > Settings.pairs / 4)
  }

  @Test("Exact path, fast path and host agree on special values", arguments: operations)
  fileprivate func agreesOnSpecialValues(_ operation: Threefold) {
    var judged = 0
    for a in specialValues {
      for b in specialValues where !check(operation, a, b, &judged) { return }
    }
  }

  /// Compares the three; counts in `judged` the results on which the host may judge.
  private func check(
    _ operation: Threefold, _ a: UInt64, _ b: UInt64, _ judged: inout Int
  ) -> Bool {
    let exact = operation.exact(a, b, HostFloatTests.control)
    func fail(_ complaint: String) -> Bool {
      let operands = "\(String(a, radix: 16)), \(String(b, radix: 16))"
      Issue.record("\(operation.name) \(operands) is \(exact), but \(complaint)")
      return false
    }
    for allowInexact in [false, true] {
      guard let fast = operation.fast(a, b, allowInexact) else { continue }
      let isAllowed = exact.status.isEmpty || allowInexact && exact.status == .inexact
      guard fast == exact.bits, exact.isWritten, isAllowed, exact.traps.isEmpty else {
        return fail("the fast path has \(String(fast, radix: 16)), allowing \(allowInexact)")
      }
    }
    guard exact.isWritten, exact.status.isSubset(of: [.inexact]) else { return true }
    if mustBeFast(operation, a, b, exact.bits) {
      let permission = !exact.status.isEmpty
      if operation.fast(a, b, permission) == nil {
        return fail("the fast path refused")
      }
    }
    // The host rounds the operands of S operations to S first.
    if operation.operands == .s && (image(s(a)) != a || image(s(b)) != b) { return true }
    judged += 1
    let host = operation.host(a, b)
    return host == exact.bits || fail("the host has \(String(host, radix: 16))")
  }

  /// Whether operands and result are so ordinary that refusing them would cost speed.
  private func mustBeFast(
    _ operation: Threefold, _ a: UInt64, _ b: UInt64, _ result: UInt64
  ) -> Bool {
    if operation.operands == .integer { return true }
    if operation.name.hasPrefix("cvttq") { return t(b).isNormal && t(b).magnitude < 0x1p51 }
    let isS = operation.operands == .s || operation.name == "cvtts"
    let smallest = isS ? 0x1p-126 : 0x1p-1022
    let isSafe = t(result).isNormal && t(result).magnitude > smallest
    return isSafe && t(a).isNormal && t(b).isNormal
      && (operation.operands == .t || image(s(a)) == a && image(s(b)) == b)
  }

  @Test("An inexact result needs permission")
  func inexactNeedsPermission() {
    let (one, three) = (image(1.0), image(3.0))
    let (small, tenth) = (image(0x1p-60), image(0.1))
    #expect(HostFloat.divideT(one, three, allowInexact: false) == nil)
    #expect(HostFloat.divideT(one, three, allowInexact: true) == image(1.0 / 3.0))
    #expect(HostFloat.addT(one, small, allowInexact: false) == nil)
    #expect(HostFloat.multiplyT(tenth, tenth, allowInexact: false) == nil)
    #expect(HostFloat.squareRootT(three, allowInexact: false) == nil)
    #expect(HostFloat.convertTtoS(tenth, allowInexact: false) == nil)
    #expect(HostFloat.squareRootT(image(9.0), allowInexact: false) == three)
    #expect(HostFloat.squareRootT(image(0.25), allowInexact: false) == image(0.5))
  }

  @Test("A product that the host rounds up to the smallest normal number is not trusted")
  func tininess() {
    // (1 - 2^-53) × 2^-1022: rounded to 53 bits it is tiny, on the host's denormal grid it is not.
    let a = image(1.0.nextDown)
    let b = image(Double.leastNormalMagnitude)
    #expect(image(t(a) * t(b)) == b)
    #expect(HostFloat.multiplyT(a, b, allowInexact: true) == nil)
    #expect(IEEE.multiply(a, b, .t, HostFloatTests.control).status == [.underflow, .inexact])
  }

  @Test("ignoresInexact: INE recorded, and no trap that is not disabled")
  func permission() {
    let recorded = FPCR(1 << 56)
    #expect(!FPCR().ignoresInexact([]))
    #expect(recorded.ignoresInexact([]))
    #expect(recorded.ignoresInexact([.completion, .underflow]))
    #expect(!recorded.ignoresInexact([.completion, .underflow, .inexact]))
    #expect(FPCR(1 << 56 | 1 << 62).ignoresInexact([.completion, .inexact]))
  }
}

// MARK: - Operands

private let specialValues: [UInt64] = [
  0, 1, 0xf_ffff_ffff_ffff, 0x10_0000_0000_0000, 0x10_0000_0000_0001, 0x1ff0_0000_0000_0000,
  0x2010_0000_0000_0001, 0x380f_ffff_e000_0000, 0x3810_0000_0000_0000, 0x3810_0000_2000_0000,
  0x3ca0_0000_0000_0000, 0x3e70_0000_0000_0000, 0x3fe0_0000_0000_0000, 0x3fef_ffff_ffff_ffff,
  0x3fef_ffff_e000_0000, 0x3ff0_0000_0000_0000, 0x3ff0_0000_0000_0001, 0x3ff0_0000_2000_0000,
  0x3ff0_0000_1000_0000, 0x3ff8_0000_0000_0000, 0x4008_0000_0000_0000, 0x4330_0000_0000_0001,
  0x43df_ffff_ffff_ffff, 0x43e0_0000_0000_0000, 0x43f0_0000_0000_0000, 0x47ef_ffff_e000_0000,
  0x47ef_ffff_f000_0000, 0x47f0_0000_0000_0000, 0x5ff0_0000_0000_0001, 0x7fef_ffff_ffff_ffff,
  0x7ff0_0000_0000_0000, 0x7ff0_0000_0000_0001, 0x7ff8_0000_0000_0000,
].flatMap { [$0, $0 | 1 << 63] }

private func pair(
  _ operands: Threefold.Operands, _ generator: inout SeededGenerator
) -> (UInt64, UInt64) {
  let a = operand(operands, &generator)
  var b = operand(operands, &generator)
  if operands != .integer && generator.next() & 3 == 0 {
    // Close magnitudes cancel.
    let mask: UInt64 = operands == .s ? ~0x1fff_ffff : ~0
    b = (a ^ generator.next() >> (12 + generator.next() & 31)) & mask ^ generator.next() & 1 << 63
  }
  return (a, b)
}

private func operand(_ operands: Threefold.Operands, _ generator: inout SeededGenerator) -> UInt64 {
  let bits = generator.next()
  switch operands {
  case .integer:
    let value = Int64(bitPattern: bits) >> Int64(generator.next() & 63)
    return UInt64(bitPattern: value)
  case .s, .t:
    // Exponents near 0 mostly, near the format's limits sometimes.
    let limit: UInt64 = operands == .s ? 130 : 1022
    let reach = [2, 30, 60, limit][Int(generator.next() & 3)]
    let exponent = 1023 &- reach &+ generator.next() % (2 * reach)
    var fraction = bits & 0xf_ffff_ffff_ffff
    if generator.next() & 1 == 0 { fraction &= ~(0xf_ffff_ffff_ffff >> (bits >> 58)) }
    if operands == .s { fraction &= ~0x1fff_ffff }
    return bits & 1 << 63 | exponent << 52 | fraction
  }
}
