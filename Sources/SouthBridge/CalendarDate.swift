/// A day of the Gregorian calendar.
struct CalendarDate: Equatable {
  var year: Int64
  var month: Int64
  var day: Int64

  private static let daysPerEra: Int64 = 146_097  // 400 years

  init(year: Int64, month: Int64, day: Int64) {
    (self.year, self.month, self.day) = (year, month, day)
  }

  /// The day that lies `days` days after 1970-01-01.
  ///
  /// Years are counted from 1 March here, so that the leap day is the last day of a year; day 0 of
  /// era 0 is 0000-03-01, which is 719468 days before 1970.
  init(daysSince1970 days: Int64) {
    let shifted = days + 719_468
    let dayOfEra = shifted.modulo(Self.daysPerEra)
    let era = (shifted - dayOfEra) / Self.daysPerEra
    let leapDaysBefore = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / (Self.daysPerEra - 1)
    let yearOfEra = (dayOfEra - leapDaysBefore) / 365
    let dayOfYear = dayOfEra - Self.days(beforeYear: yearOfEra)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - Self.days(beforeMarchMonth: marchMonth) + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  /// The number of days after 1970-01-01. Days beyond the end of the month run into the next.
  var daysSince1970: Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let marchMonth = month <= 2 ? month + 9 : month - 3
    let yearOfEra = marchYear.modulo(400)
    let era = (marchYear - yearOfEra) / 400
    return era * Self.daysPerEra + Self.days(beforeYear: yearOfEra)
      + Self.days(beforeMarchMonth: marchMonth) + day - 1 - 719_468
  }

  private static func days(beforeYear year: Int64) -> Int64 { year * 365 + year / 4 - year / 100 }

  /// From March on, the lengths of months repeat in groups of five with 153 days.
  private static func days(beforeMarchMonth month: Int64) -> Int64 { (153 * month + 2) / 5 }
}

extension Int64 {
  /// The remainder that has the sign of the (positive) divisor.
  func modulo(_ divisor: Int64) -> Int64 {
    let remainder = self % divisor
    return remainder < 0 ? remainder + divisor : remainder
  }
}
