/// What the ten time and alarm bytes of an MC146818 say, in the format that register B selects.
///
/// Rules follow the Motorola MC146818 data sheet, "Address map" and tables 2 and 3.
struct ClockFormat: Equatable {
  /// Register B, DM: binary, else BCD.
  var isBinary: Bool
  /// Register B, 24/12.
  var is24Hour: Bool

  func encode(_ value: Int64) -> UInt8 {
    let byte = UInt8(truncatingIfNeeded: value)
    return isBinary ? byte : (byte / 10) << 4 | byte % 10
  }

  func decode(_ byte: UInt8) -> Int64 {
    Int64(isBinary ? byte : (byte >> 4) * 10 + (byte & 0x0F))
  }

  /// In 12-hour format bit 7 is PM, and hours run 12, 1, 2, ... 11.
  func encodeHour(_ hour: Int64) -> UInt8 {
    guard !is24Hour else { return encode(hour) }
    return encode((hour + 11) % 12 + 1) | (hour >= 12 ? 0x80 : 0)
  }

  func decodeHour(_ byte: UInt8) -> Int64 {
    guard !is24Hour else { return decode(byte) }
    return decode(byte & 0x7F) % 12 + (byte & 0x80 != 0 ? 12 : 0)
  }

  /// Bytes 0-9 for a moment; the alarm bytes (1, 3, 5) are left at zero.
  func bytes(of moment: ClockMoment) -> [UInt8] {
    let second = moment.seconds.modulo(86_400)
    let date = CalendarDate(daysSince1970: moment.day)
    return [
      encode(second % 60), 0, encode(second / 60 % 60), 0, encodeHour(second / 3600), 0,
      encode(moment.weekday), encode(date.day), encode(date.month), encode(date.year.modulo(100)),
    ]
  }

  /// The moment that bytes 0-9 name. The chip has two digits of the year: 70-99 are taken as
  /// 1970-1999, the others as 2000-2069. Values that no clock shows are carried into the next unit.
  func moment(of bytes: [UInt8]) -> ClockMoment {
    let year = decode(bytes[9]) % 100
    let date = CalendarDate(
      year: year < 70 ? 2000 + year : 1900 + year,
      month: min(max(decode(bytes[8]), 1), 12), day: decode(bytes[7]))
    let second = decodeHour(bytes[4]) * 3600 + decode(bytes[2]) * 60 + decode(bytes[0])
    var moment = ClockMoment(seconds: date.daysSince1970 * 86_400 + second, weekdayShift: 0)
    moment.weekdayShift = (decode(bytes[6]) - moment.weekday).modulo(7)
    return moment
  }

  /// The first second after `moment` at which the alarm bytes match the time, in seconds since
  /// 1970; nil when they name no time of day. A byte from 0xC0 on matches everything.
  func nextAlarm(after moment: ClockMoment, second: UInt8, minute: UInt8, hour: UInt8) -> Int64? {
    func candidates(_ byte: UInt8, _ range: Range<Int64>, _ value: Int64) -> [Int64] {
      byte >= 0xC0 ? Array(range) : range.contains(value) ? [value] : []
    }
    let hours = candidates(hour, 0..<24, decodeHour(hour))
    let minutes = candidates(minute, 0..<60, decode(minute))
    let seconds = candidates(second, 0..<60, decode(second))
    guard let lastMinute = minutes.last, let lastSecond = seconds.last else { return nil }
    let midnight = moment.day * 86_400
    for day in [midnight, midnight + 86_400] {
      for hour in hours where day + hour * 3600 + lastMinute * 60 + lastSecond > moment.seconds {
        for minute in minutes {
          let start = day + hour * 3600 + minute * 60
          if let match = seconds.first(where: { start + $0 > moment.seconds }) {
            return start + match
          }
        }
      }
    }
    return nil
  }
}

/// A second of the clock, and what the day-of-week counter shows for it.
struct ClockMoment: Codable, Equatable, Sendable {
  /// Seconds since 1970-01-01 00:00:00.
  var seconds: Int64
  /// The day-of-week counter runs on its own: by how much it differs from the calendar.
  var weekdayShift: Int64

  /// Days since 1970-01-01.
  var day: Int64 { (seconds - seconds.modulo(86_400)) / 86_400 }

  /// 1 for Sunday ... 7 for Saturday, unless the counter was set otherwise. 1970-01-01 was a
  /// Thursday.
  var weekday: Int64 { (day + 4 + weekdayShift).modulo(7) + 1 }
}
