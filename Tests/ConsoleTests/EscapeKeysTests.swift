import Testing

@testable import Console

@Suite struct EscapeKeysTests {
  private func meanings(_ typed: [UInt8]) -> [EscapeKeys.Meaning] {
    var keys = EscapeKeys()
    return typed.map { keys.judge($0) }
  }

  @Test func ordinaryKeysAndControlCReachTheGuest() {
    #expect(meanings([0x61, 0x03, 0x1A]) == [0x61, 0x03, 0x1A].map { .input(.byte($0)) })
  }

  @Test(arguments: [
    (UInt8(ascii: "x"), EscapeKeys.Meaning.quit), (UInt8(ascii: "h"), .help),
    (UInt8(ascii: "b"), .input(.breakCondition)), (0x01, .input(.byte(0x01))),
    (UInt8(ascii: "z"), .unknown),
  ])
  func controlAStartsAKey(_ key: UInt8, _ meaning: EscapeKeys.Meaning) {
    #expect(meanings([0x01, key, key]) == [.prefix, meaning, meanings([key])[0]])
  }
}
