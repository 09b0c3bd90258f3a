internal import AlphaFloat

/// The exact path of floating-point arithmetic: every operation, rounding mode and qualifier.
enum FloatUnit {
  /// Opcode (two bits, counted from 14 hex) above the 11-bit function, as operations carry it.
  @inline(__always)
  static func selector(opcode: UInt8, function: UInt16) -> Int {
    Int(opcode & 3) << 11 | Int(function)
  }

  /// The function of a selector, for the control of the operation.
  @inline(__always)
  static func function(_ selector: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: selector & 0x7FF)
  }

  /// Executes what the selector names; nil where no arithmetic instruction has it.
  static func execute(_ selector: UInt64, _ a: UInt64, _ b: UInt64, _ fpcr: FPCR) -> FloatResult? {
    let function = function(selector)
    let control = FloatControl(function: function, fpcr: fpcr)
    return switch selector >> 11 & 3 {
    case 0: squareRoot(function & 0x3F, b, control)
    case 1: vax(function & 0x3F, a, b, control)
    case 2: ieee(function, a, b, control)
    default:
      function & 0x3F == 0x30
        ? LongwordImage.fromQuadword(b, qualifiers: control.qualifiers, fpcr: fpcr) : nil
    }
  }

  private static func squareRoot(
    _ function: UInt32, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult? {
    switch function {
    case 0x0A: VAX.squareRoot(b, .f, control)
    case 0x2A: VAX.squareRoot(b, .g, control)
    case 0x0B: IEEE.squareRoot(b, .s, control)
    case 0x2B: IEEE.squareRoot(b, .t, control)
    default: nil
    }
  }

  private static func vax(
    _ function: UInt32, _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult? {
    switch function {
    case 0x00: VAX.add(a, b, .f, control)
    case 0x01: VAX.subtract(a, b, .f, control)
    case 0x02: VAX.multiply(a, b, .f, control)
    case 0x03: VAX.divide(a, b, .f, control)
    case 0x1E: VAX.convertDtoG(b, control)
    case 0x20: VAX.add(a, b, .g, control)
    case 0x21: VAX.subtract(a, b, .g, control)
    case 0x22: VAX.multiply(a, b, .g, control)
    case 0x23: VAX.divide(a, b, .g, control)
    case 0x25: VAX.compareEqual(a, b, control)
    case 0x26: VAX.compareLess(a, b, control)
    case 0x27: VAX.compareLessOrEqual(a, b, control)
    case 0x2C: VAX.convertGtoF(b, control)
    case 0x2D: VAX.convertGtoD(b, control)
    case 0x2F: VAX.convertGtoQ(b, control)
    case 0x3C: VAX.convertQ(b, to: .f, control)
    case 0x3E: VAX.convertQ(b, to: .g, control)
    default: nil
    }
  }

  private static func ieee(
    _ function: UInt32, _ a: UInt64, _ b: UInt64, _ control: FloatControl
  ) -> FloatResult? {
    switch function & 0x3F {
    case 0x00: IEEE.add(a, b, .s, control)
    case 0x01: IEEE.subtract(a, b, .s, control)
    case 0x02: IEEE.multiply(a, b, .s, control)
    case 0x03: IEEE.divide(a, b, .s, control)
    case 0x20: IEEE.add(a, b, .t, control)
    case 0x21: IEEE.subtract(a, b, .t, control)
    case 0x22: IEEE.multiply(a, b, .t, control)
    case 0x23: IEEE.divide(a, b, .t, control)
    case 0x24: IEEE.compareUnordered(a, b, control)
    case 0x25: IEEE.compareEqual(a, b, control)
    case 0x26: IEEE.compareLess(a, b, control)
    case 0x27: IEEE.compareLessOrEqual(a, b, control)
    // CVTST has the base of CVTTS and the two codes 2AC and 6AC.
    case 0x2C where function & 0x3FF == 0x2AC: IEEE.convertStoT(b, control)
    case 0x2C: IEEE.convertTtoS(b, control)
    case 0x2F: IEEE.convertTtoQ(b, control)
    case 0x3C: IEEE.convertQ(b, to: .s, control)
    case 0x3E: IEEE.convertQ(b, to: .t, control)
    default: nil
    }
  }
}
