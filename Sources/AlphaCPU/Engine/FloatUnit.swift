internal import AlphaFloat
internal import AlphaISA

/// The exact path of floating-point arithmetic: every operation, rounding mode and qualifier.
enum FloatUnit {
  /// An operation above its qualifiers (function bits 10:6), as decoded operations carry them.
  static func selector(_ operation: Operation, _ qualifiers: FloatQualifiers) -> Int {
    Int(operation.rawValue) << 5 | Int(qualifiers.function >> 6)
  }

  /// The qualifiers of a selector, in their place in the function code.
  @inline(__always)
  static func function(_ selector: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: selector & 0x1F) &<< 6
  }

  /// Whether a selector's operation is SQRTT.
  @inline(__always)
  static func isSquareRootT(_ selector: UInt64) -> Bool {
    selector &>> 5 == UInt64(Operation.sqrtt.rawValue)
  }

  /// Executes what the selector names; nil where it is no arithmetic.
  static func execute(_ selector: UInt64, _ a: UInt64, _ b: UInt64, _ fpcr: FPCR) -> FloatResult? {
    guard let operation = Operation(rawValue: UInt8(truncatingIfNeeded: selector >> 5)) else {
      return nil
    }
    let control = FloatControl(function: function(selector), fpcr: fpcr)
    return switch operation {
    case .addf: VAX.add(a, b, .f, control)
    case .subf: VAX.subtract(a, b, .f, control)
    case .mulf: VAX.multiply(a, b, .f, control)
    case .divf: VAX.divide(a, b, .f, control)
    case .sqrtf: VAX.squareRoot(b, .f, control)
    case .addg: VAX.add(a, b, .g, control)
    case .subg: VAX.subtract(a, b, .g, control)
    case .mulg: VAX.multiply(a, b, .g, control)
    case .divg: VAX.divide(a, b, .g, control)
    case .sqrtg: VAX.squareRoot(b, .g, control)
    case .cmpgeq: VAX.compareEqual(a, b, control)
    case .cmpglt: VAX.compareLess(a, b, control)
    case .cmpgle: VAX.compareLessOrEqual(a, b, control)
    case .cvtdg: VAX.convertDtoG(b, control)
    case .cvtgf: VAX.convertGtoF(b, control)
    case .cvtgd: VAX.convertGtoD(b, control)
    case .cvtgq: VAX.convertGtoQ(b, control)
    case .cvtqf: VAX.convertQ(b, to: .f, control)
    case .cvtqg: VAX.convertQ(b, to: .g, control)

    case .adds: IEEE.add(a, b, .s, control)
    case .subs: IEEE.subtract(a, b, .s, control)
    case .muls: IEEE.multiply(a, b, .s, control)
    case .divs: IEEE.divide(a, b, .s, control)
    case .sqrts: IEEE.squareRoot(b, .s, control)
    case .addt: IEEE.add(a, b, .t, control)
    case .subt: IEEE.subtract(a, b, .t, control)
    case .mult: IEEE.multiply(a, b, .t, control)
    case .divt: IEEE.divide(a, b, .t, control)
    case .sqrtt: IEEE.squareRoot(b, .t, control)
    case .cmptun: IEEE.compareUnordered(a, b, control)
    case .cmpteq: IEEE.compareEqual(a, b, control)
    case .cmptlt: IEEE.compareLess(a, b, control)
    case .cmptle: IEEE.compareLessOrEqual(a, b, control)
    case .cvtst: IEEE.convertStoT(b, control)
    case .cvtts: IEEE.convertTtoS(b, control)
    case .cvttq: IEEE.convertTtoQ(b, control)
    case .cvtqs: IEEE.convertQ(b, to: .s, control)
    case .cvtqt: IEEE.convertQ(b, to: .t, control)

    case .cvtql, .cvtqlV, .cvtqlSV:
      LongwordImage.fromQuadword(b, qualifiers: control.qualifiers, fpcr: fpcr)
    default: nil
    }
  }
}
