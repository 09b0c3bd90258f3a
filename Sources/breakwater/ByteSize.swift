internal import ArgumentParser
internal import Foundation

/// A size in bytes: `64M`, `1G`, or a plain number of bytes.
struct ByteSize: ExpressibleByArgument {
  let byteCount: UInt64

  init(byteCount: UInt64) { self.byteCount = byteCount }

  init?(argument: String) {
    let shifts: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40, "P": 50, "E": 60]
    let suffix = argument.last.flatMap { shifts[Character($0.uppercased())] }
    let digits = suffix == nil ? argument[...] : argument.dropLast()
    guard let number = UInt64(digits), number <= UInt64.max >> (suffix ?? 0) else { return nil }
    byteCount = number << (suffix ?? 0)
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
