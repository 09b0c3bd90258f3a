import AlphaFloat
import AlphaISA

/// A case of floating-point arithmetic in which the peer (`qemu-alpha` 7.2, user mode) does not do
/// what the architecture says. The differential tester leaves out exactly these.
///
/// What is no matter of operands the programs avoid:
///
/// | Peer | Rule | Ours |
/// |---|---|---|
/// | LDx_L to R31 takes no reservation | it does (AHB 4.2.4) | `LockTests.register31` |
/// | STx_C compares address and value | a reservation on a line (EV6 HRM 4.4) | `LockTests` |
/// | FPCR bits 46:0 keep what is written | they read as zero (AHB 4.7.8) | `FPCRTests` |
/// | FPCR<SUM> is stored | it is the OR of the status bits (AHB 4.7.8) | `FPCRTests` |
/// | S operations ignore bits that no S value has | UNPREDICTABLE (AHB 4.7.1) | – |
/// | VAX arithmetic, LDF, STF and CVTDG are wrong | AHB 4.8, 4.10 | `VAXTests` |
struct PeerDeviation: Sendable {
  let peer: String
  /// What the manual says, and where: AHB is the Alpha Architecture Handbook, HRM the 21264/EV67
  /// Hardware Reference Manual.
  let rule: String
  /// The test of ours that holds the rule.
  let test: String
  /// Only the result differs: FPCR and trap are compared, with F31 as destination.
  var isOfResult = false
  let applies: @Sendable (FloatCase) -> Bool

  static let all: [PeerDeviation] = [
    .init(
      peer: "with /S a denormal operand is an operand, as after software completion",
      rule: "HRM A.8: it traps for software, unless DNZ",
      test: "IEEETests.denormalOperand"
    ) { $0.completes && $0.hasDenormal && !$0.fpcr.denormalOperandsAreZero },
    .init(
      peer: "without /S a denormal operand traps, but INV is not recorded",
      rule: "HRM A.8: an invalid operation, recorded in FPCR<INV>",
      test: "IEEETests.denormalOperand"
    ) { !$0.completes && $0.hasDenormal && !$0.fpcr.status.contains(.invalid) },
    .init(
      peer: "of two NaNs, the one with the larger fraction",
      rule: "AHB 4.7.10.4: Fb",
      test: "IEEETests.nanPropagation",
      isOfResult: true
    ) { $0.completes && $0.yieldsFloat && $0.isBinary && $0.a.isNaN && $0.b.isNaN },
    .init(
      peer: "the NaN of an operation without NaN operands is positive",
      rule: "AHB 4.7.10.3: the canonical quiet NaN is negative",
      test: "IEEETests.nanPropagation",
      isOfResult: true
    ) {
      $0.yieldsFloat && $0.result.isWritten && $0.result.bits == 0xFFF8_0000_0000_0000
        && $0.result.status.contains(.invalid)
    },
    .init(
      peer: "the result is written before a trap with /S",
      rule: "AHB 4.7.7.3, B.2: software completes the instruction, whose operand Fc may be",
      test: "IEEETests.completionKeepsOperands",
      isOfResult: true
    ) { $0.completes && !$0.result.traps.isEmpty },
    .init(
      peer: "an underflow is a denormal or a zero with a sign, and recorded only if it traps",
      rule: "AHB 4.7.7.7: a true zero, recorded; tininess is judged after rounding",
      test: "IEEETests.underflow"
    ) { $0.result.status.contains(.underflow) || $0.isRoundedToSmallest },
    .init(
      peer: "with /S but without /I, INE is not recorded",
      rule: "HRM A.8: status bits record every exception",
      test: "IEEETests.inexactIsRecorded"
    ) {
      $0.result.status.contains(.inexact) && !$0.fpcr.status.contains(.inexact) && $0.completes
        && !$0.qualifiers.contains(.inexact)
    },
    .init(
      peer: "CVTQS and CVTQT without /I do not record INE",
      rule: "HRM A.8: status bits record every exception",
      test: "IEEETests.inexactIsRecorded"
    ) {
      $0.result.status.contains(.inexact) && !$0.fpcr.status.contains(.inexact)
        && [.cvtqs, .cvtqt].contains($0.operation) && !$0.qualifiers.contains(.inexact)
    },
    .init(
      peer: "/SV does not trap on integer overflow, as if the FPCR could disable it",
      rule: "AHB 4.7.8: /V enables the trap, and the FPCR has no disable bit for it",
      test: "IEEETests.integerOverflow"
    ) {
      $0.completes && $0.result.traps.contains(.integerOverflow)
        && !$0.result.traps.contains(.inexact)
    },
    .init(
      peer: "an overflow of CVTQL records INE beside IOV",
      rule: "AHB 4.10, CVTQL: its only exception is integer overflow",
      test: "IEEETests.longwordOverflow"
    ) {
      [.cvtql, .cvtqlV, .cvtqlSV].contains($0.operation)
        && $0.result.status.contains(.integerOverflow) && !$0.fpcr.status.contains(.inexact)
    },
  ]
}

extension PeerDeviation {
  /// In system mode: what Linux does in user mode makes no difference there.
  static let system: [PeerDeviation] =
    all + [
      .init(
        peer: "an instruction with /S traps on an exception that the FPCR disables, with SWC alone",
        rule: "AHB 4.7.8: it does not trap",
        test: "IEEETests.disables"
      ) {
        let raised = $0.result.status.subtracting($0.result.traps)
        return $0.completes
          && !raised.subtracting($0.qualifiers.contains(.inexact) ? [] : .inexact).isEmpty
      }
    ]
}

/// One arithmetic instruction with its operands and what it must do with them.
struct FloatCase {
  let operation: Operation
  let qualifiers: TrapQualifiers
  let a, b: UInt64
  let fpcr: FPCR
  let result: FloatResult

  /// What can be compared of an instruction on the peer; nil for all of it.
  static func replacement(
    for word: InstructionWord, registers: [UInt64], fpcr: UInt64, _ deviations: [PeerDeviation]
  ) -> UInt32? {
    guard let next = FloatCase(word, registers: registers, fpcr: fpcr) else { return nil }
    let found = deviations.filter { $0.applies(next) }
    if found.contains(where: { !$0.isOfResult }) { return Encode.fnop }
    return found.isEmpty || word.rc == 31 ? nil : word.rawValue | 31
  }

  /// Whether a word may be IEEE arithmetic, by its opcode.
  static func isArithmetic(_ word: InstructionWord) -> Bool { 0x14...0x17 ~= word.opcode }

  /// Nil for an instruction that does no IEEE arithmetic.
  init?(_ word: InstructionWord, registers: [UInt64], fpcr: UInt64) {
    guard let operation = Decoder.operation(of: word) else { return nil }
    self.operation = operation
    a = registers[Int(word.ra)]
    b = registers[Int(word.rb)]
    self.fpcr = FPCR(fpcr)
    let function = UInt32(word.floatFunction)
    qualifiers = .init(function: function)
    let control = FloatControl(function: function, fpcr: self.fpcr)
    switch operation {
    case .adds: result = IEEE.add(a, b, .s, control)
    case .addt: result = IEEE.add(a, b, .t, control)
    case .subs: result = IEEE.subtract(a, b, .s, control)
    case .subt: result = IEEE.subtract(a, b, .t, control)
    case .muls: result = IEEE.multiply(a, b, .s, control)
    case .mult: result = IEEE.multiply(a, b, .t, control)
    case .divs: result = IEEE.divide(a, b, .s, control)
    case .divt: result = IEEE.divide(a, b, .t, control)
    case .sqrts: result = IEEE.squareRoot(b, .s, control)
    case .sqrtt: result = IEEE.squareRoot(b, .t, control)
    case .cmptun: result = IEEE.compareUnordered(a, b, control)
    case .cmpteq: result = IEEE.compareEqual(a, b, control)
    case .cmptlt: result = IEEE.compareLess(a, b, control)
    case .cmptle: result = IEEE.compareLessOrEqual(a, b, control)
    case .cvtts: result = IEEE.convertTtoS(b, control)
    case .cvtst: result = IEEE.convertStoT(b, control)
    case .cvttq: result = IEEE.convertTtoQ(b, control)
    case .cvtqs: result = IEEE.convertQ(b, to: .s, control)
    case .cvtqt: result = IEEE.convertQ(b, to: .t, control)
    case .cvtql, .cvtqlV, .cvtqlSV:
      result = LongwordImage.fromQuadword(b, qualifiers: qualifiers, fpcr: self.fpcr)
    default: return nil
    }
  }

  var completes: Bool { qualifiers.contains(.completion) }
  var isBinary: Bool { !InstructionTable.row(of: operation).fixed.contains(.raIs31) }
  var takesFloat: Bool {
    ![.cvtqs, .cvtqt, .cvtql, .cvtqlV, .cvtqlSV].contains(operation)
  }
  /// Whether the result is a number: compares and conversions to integers have others.
  var yieldsFloat: Bool {
    ![.cmptun, .cmpteq, .cmptlt, .cmptle, .cvttq, .cvtql, .cvtqlV, .cvtqlSV].contains(operation)
  }
  var hasDenormal: Bool { takesFloat && (isBinary && a.isDenormal || b.isDenormal) }
  /// Whether a tiny number may have been rounded up to the smallest normal one.
  var isRoundedToSmallest: Bool {
    let magnitude = result.bits & ~(1 << 63)
    return yieldsFloat && result.status.contains(.inexact)
      && (magnitude == 0x0010_0000_0000_0000 || magnitude == 0x3810_0000_0000_0000)
  }
}

extension UInt64 {
  fileprivate var isNaN: Bool { self & ~(1 << 63) > 0x7FF0_0000_0000_0000 }
  fileprivate var isDenormal: Bool { self & 0x7FF0_0000_0000_0000 == 0 && self << 1 != 0 }
}
