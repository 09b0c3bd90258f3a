import Testing

@testable import Console

@Suite struct ConsoleBufferTests {
  @Test func inputComesInTheOrderTyped() {
    let console = ConsoleBuffer()
    console.type("ab")
    console.type(.breakCondition)
    #expect(console.receive() == .byte(0x61))
    #expect(console.receive() == .byte(0x62))
    #expect(console.receive() == .breakCondition)
    #expect(console.receive() == nil)
    console.type("c")
    #expect(console.receive() == .byte(0x63))
  }

  @Test func outputKeepsTheLastBytes() {
    let console = ConsoleBuffer(outputLimit: 4)
    for byte in "breakwater".utf8 { console.send(byte) }
    #expect(console.outputText == "ater")
  }
}

@Suite struct ByteQueueTests {
  @Test func behavesAsAQueueOverManyBytes() {
    var queue = ByteQueue(limit: 10_000)
    var expected: [UInt8] = []
    var received: [UInt8] = []
    for round in 0..<50 {
      for value in 0..<300 {
        let byte = UInt8(truncatingIfNeeded: value &* 7 &+ round)
        queue.append(droppingOldest: byte)
        expected.append(byte)
      }
      for _ in 0..<290 { if let byte = queue.popFirst() { received.append(byte) } }
    }
    while let byte = queue.popFirst() { received.append(byte) }
    #expect(received == expected)
    #expect(queue.isEmpty)
  }

  @Test func dropsTheOldestBeyondTheLimit() {
    var queue = ByteQueue(limit: 3)
    for byte: UInt8 in 1...5 { queue.append(droppingOldest: byte) }
    #expect(Array(queue.contents) == [3, 4, 5])
    #expect(queue.space == 0)
    queue.removeFirst(9)
    #expect(queue.isEmpty)
  }
}
