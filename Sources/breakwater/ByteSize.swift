internal import ArgumentParser
internal import Foundation

/// A size in bytes, as qemu-img reads it: `64M`, `1.5G`, `512`, `0x1000`.
struct ByteSize: ExpressibleByArgument {
  let byteCount: UInt64

  init(byteCount: UInt64) { self.byteCount = byteCount }

  private static let shifts: [Character: UInt64] = [
    "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60,
  ]

  init?(argument: String) {
    let text = argument.lowercased()
    if text.hasPrefix("0x") {
      let digits = text.dropFirst(2)
      guard digits.allSatisfy(\.isHexDigit), let number = UInt64(digits, radix: 16) else {
        return nil
      }
      byteCount = number
      return
    }
    let shift = text.last.flatMap { Self.shifts[$0] }
    let unit = UInt64(1) << (shift ?? 0)
    let number = (shift == nil ? text[...] : text.dropLast())
      .split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard number.joined().allSatisfy({ ("0"..."9").contains($0) }), let whole = UInt64(number[0]),
      let part = Double("0.\(number.dropFirst().joined())0"),
      // A byte has no parts.
      part == 0 || unit > 1
    else { return nil }
    let (units, overflow) = whole.multipliedReportingOverflow(by: unit)
    let (sum, carry) = units.addingReportingOverflow(UInt64(part * Double(unit)))
    guard !overflow, !carry else { return nil }
    byteCount = sum
  }

  var defaultValueDescription: String { rounded }

  /// Reads the text of an option, or says what it takes.
  static func option(_ text: String) throws -> ByteSize {
    guard let size = ByteSize(argument: text) else {
      throw ValidationError("a size is a number of bytes, or one with K, M, G or T, such as 512M")
    }
    return size
  }

  /// The size as people read it, with the exact number of bytes.
  var description: String { "\(rounded) (\(byteCount) bytes)" }

  /// The size to three digits, in a binary unit.
  var rounded: String {
    var value = Double(byteCount)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while value >= 999.5, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return String(format: "%.3g ", value) + units[unit]
  }
}
