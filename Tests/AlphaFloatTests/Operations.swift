import AlphaFloat
import Testing

/// One instruction under test, named as the reference script names it.
struct Operation: Sendable, CustomTestStringConvertible {
  let name: String
  let run: @Sendable (_ a: UInt64, _ b: UInt64, _ control: FloatControl) -> FloatResult

  var testDescription: String { name }

  init(
    _ name: String, _ run: @escaping @Sendable (UInt64, UInt64, FloatControl) -> FloatResult
  ) {
    self.name = name
    self.run = run
  }

  /// An operation on bits that cannot trap.
  init(_ name: String, bits: @escaping @Sendable (UInt64, UInt64) -> UInt64) {
    self.init(name) { a, b, _ in FloatResult(bits: bits(a, b)) }
  }
}

extension Operation {
  static let all = ieee + vax + bits

  static let ieee: [Operation] = [
    Operation("adds") { IEEE.add($0, $1, .s, $2) },
    Operation("addt") { IEEE.add($0, $1, .t, $2) },
    Operation("subs") { IEEE.subtract($0, $1, .s, $2) },
    Operation("subt") { IEEE.subtract($0, $1, .t, $2) },
    Operation("muls") { IEEE.multiply($0, $1, .s, $2) },
    Operation("mult") { IEEE.multiply($0, $1, .t, $2) },
    Operation("divs") { IEEE.divide($0, $1, .s, $2) },
    Operation("divt") { IEEE.divide($0, $1, .t, $2) },
    Operation("sqrts") { IEEE.squareRoot($1, .s, $2) },
    Operation("sqrtt") { IEEE.squareRoot($1, .t, $2) },
    Operation("cmptun") { IEEE.compareUnordered($0, $1, $2) },
    Operation("cmpteq") { IEEE.compareEqual($0, $1, $2) },
    Operation("cmptlt") { IEEE.compareLess($0, $1, $2) },
    Operation("cmptle") { IEEE.compareLessOrEqual($0, $1, $2) },
    Operation("cvtts") { IEEE.convertTtoS($1, $2) },
    Operation("cvtst") { IEEE.convertStoT($1, $2) },
    Operation("cvttq") { IEEE.convertTtoQ($1, $2) },
    Operation("cvtqs") { IEEE.convertQ($1, to: .s, $2) },
    Operation("cvtqt") { IEEE.convertQ($1, to: .t, $2) },
    Operation("cvtql") {
      LongwordImage.fromQuadword($1, qualifiers: $2.qualifiers, fpcr: $2.fpcr)
    },
  ]

  static let vax: [Operation] = [
    Operation("addf") { VAX.add($0, $1, .f, $2) },
    Operation("addg") { VAX.add($0, $1, .g, $2) },
    Operation("subf") { VAX.subtract($0, $1, .f, $2) },
    Operation("subg") { VAX.subtract($0, $1, .g, $2) },
    Operation("mulf") { VAX.multiply($0, $1, .f, $2) },
    Operation("mulg") { VAX.multiply($0, $1, .g, $2) },
    Operation("divf") { VAX.divide($0, $1, .f, $2) },
    Operation("divg") { VAX.divide($0, $1, .g, $2) },
    Operation("sqrtf") { VAX.squareRoot($1, .f, $2) },
    Operation("sqrtg") { VAX.squareRoot($1, .g, $2) },
    Operation("cmpgeq") { VAX.compareEqual($0, $1, $2) },
    Operation("cmpglt") { VAX.compareLess($0, $1, $2) },
    Operation("cmpgle") { VAX.compareLessOrEqual($0, $1, $2) },
    Operation("cvtgf") { VAX.convertGtoF($1, $2) },
    Operation("cvtgd") { VAX.convertGtoD($1, $2) },
    Operation("cvtdg") { VAX.convertDtoG($1, $2) },
    Operation("cvtgq") { VAX.convertGtoQ($1, $2) },
    Operation("cvtqf") { VAX.convertQ($1, to: .f, $2) },
    Operation("cvtqg") { VAX.convertQ($1, to: .g, $2) },
  ]

  static let bits: [Operation] = [
    Operation("lds") { a, _ in MemoryImage.loadS(UInt32(truncatingIfNeeded: a)) },
    Operation("ldf") { a, _ in MemoryImage.loadF(UInt32(truncatingIfNeeded: a)) },
    Operation("itoff") { a, _ in MemoryImage.moveF(UInt32(truncatingIfNeeded: a)) },
    Operation("sts") { a, _ in UInt64(MemoryImage.storeS(a)) },
    Operation("stf") { a, _ in UInt64(MemoryImage.storeF(a)) },
    Operation("ldg") { a, _ in MemoryImage.swapG(a) },
    Operation("cvtlq") { a, _ in LongwordImage.toQuadword(a) },
    Operation("cpys") { SignBits.copySign($0, $1) },
    Operation("cpysn") { SignBits.copySignNegated($0, $1) },
    Operation("cpyse") { SignBits.copySignAndExponent($0, $1) },
    Operation("fbeq") { a, _ in SignBits.isZero(a) ? 1 : 0 },
    Operation("fblt") { a, _ in SignBits.isLess(a) ? 1 : 0 },
    Operation("fble") { a, _ in SignBits.isLessOrEqual(a) ? 1 : 0 },
  ]
}
