import GuestMemory
import MachineTestKit
import Testing

@testable import VirtioBlock

@Suite("Hostile block drivers")
struct HostileBlockTests {
  @Test(
    "Random requests over random buffers never crash, and a reset brings the device back",
    arguments: 0..<30 as Range<UInt64>)
  func randomRequests(seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let rig = try BlockRig()
    let types = [0, 1, 4, 5, 8, 10, 11, 13, 14, 0x8000_0000, .max] as [UInt32]
    let addresses =
      [BlockRig.header, BlockRig.data, BlockRig.status, 0x1000, 0x1100, 0x3F_FFF0, 1 << 40, .max]
      as [UInt64]
    let lengths = [0, 1, 15, 16, 17, 20, 48, 511, 512, 513, 4096, 0x10_0000, 0xFFFF_FFFF]
    for _ in 0..<40 {
      try rig.start(Bool.random(using: &random) ? BlockRig.Feature.all : BlockRig.Feature.modern)
      for _ in 0..<4 {
        try rig.setHeader(
          types.randomElement(using: &random) ?? 0,
          sector: Bool.random(using: &random)
            ? UInt64.random(in: 0...70, using: &random) : UInt64.max - 3)
        // Mostly a valid order, so that the requests themselves are reached.
        var chain: [BlockRig.Buffer] = [.readable(BlockRig.header, 16)]
        for isWritable in [false, true] {
          for _ in 0..<Int.random(in: 0...3, using: &random) {
            let address = addresses.randomElement(using: &random) ?? 0
            let length = lengths.randomElement(using: &random) ?? 0
            chain.append(isWritable ? .writable(address, length) : .readable(address, length))
          }
        }
        if Int.random(in: 0..<8, using: &random) > 0 { chain.append(.writable(BlockRig.status, 1)) }
        if Int.random(in: 0..<16, using: &random) == 0 { chain.shuffle(using: &random) }
        try rig.queue.add(chain)
        try rig.kick()
      }
    }
    try rig.start()
    #expect(try rig.request(0, sector: 63, [.writable(BlockRig.data, 512)]).status == 0)
  }
}
