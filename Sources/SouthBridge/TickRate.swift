/// The frequency of an oscillator as an exact fraction of ticks per nanosecond, below one.
///
/// Products are 128 bits wide, so no time overflows and nothing drifts.
struct TickRate {
  /// 14.31818 MHz / 12 = 105/88 MHz: the clock of the 8254 (82378 data sheet, "Interval Timer").
  static let intervalTimer = TickRate(21, per: 17_600)
  /// 32.768 kHz: the time base of the MC146818 when the divider is set to 010.
  static let realTimeClock = TickRate(64, per: 1_953_125)

  private let numerator: UInt64
  private let denominator: UInt64

  private init(_ numerator: UInt64, per denominator: UInt64) {
    self.numerator = numerator
    self.denominator = denominator
  }

  /// How many ticks have happened at a time in nanoseconds.
  func ticks(at time: UInt64) -> UInt64 {
    let product = time.multipliedFullWidth(by: numerator)
    // The high half is below `numerator`, hence below `denominator`: the quotient fits.
    return denominator.dividingFullWidth(product).quotient
  }

  /// The first nanosecond at which `tick` ticks have happened; the largest value for never.
  func time(ofTick tick: UInt64) -> UInt64 {
    let product = tick.multipliedFullWidth(by: denominator)
    guard product.high < numerator else { return .max }
    let (quotient, remainder) = numerator.dividingFullWidth(product)
    return remainder == 0 ? quotient : quotient.addingReportingOverflow(1).partialValue
  }
}
