/// Finds the emulator's own keys in what the user types: Ctrl-A, then a letter.
struct EscapeKeys {
  /// What a typed byte means.
  enum Meaning: Equatable {
    /// Input for the guest.
    case input(SerialInput)
    /// The first key of a pair.
    case prefix
    /// Leave the emulator.
    case quit
    /// Show the keys.
    case help
    /// A key that means nothing after Ctrl-A.
    case unknown
  }

  /// The keys, as lines for the user.
  static let help = """

    Ctrl-A h       this help
    Ctrl-A x       leave the emulator
    Ctrl-A b       send a break
    Ctrl-A Ctrl-A  send Ctrl-A

    """

  private static let controlA: UInt8 = 0x01
  private var afterPrefix = false

  /// Judges the next byte.
  mutating func judge(_ byte: UInt8) -> Meaning {
    guard afterPrefix else {
      guard byte == Self.controlA else { return .input(.byte(byte)) }
      afterPrefix = true
      return .prefix
    }
    afterPrefix = false
    switch byte {
    case Self.controlA: return .input(.byte(byte))
    case UInt8(ascii: "x"), UInt8(ascii: "X"): return .quit
    case UInt8(ascii: "h"), UInt8(ascii: "?"): return .help
    case UInt8(ascii: "b"): return .input(.breakCondition)
    default: return .unknown
    }
  }
}
