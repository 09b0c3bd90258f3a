import DeviceModel
import GuestMemory
import MachineTestKit
import Testing

@testable import Tsunami

/// Random registers, maps and addresses against ``SlowTranslation``.
@Suite struct DMATranslatorPropertyTests {
  private static let memorySize: UInt64 = 4 << 20

  @Test(arguments: [false, true], UInt64(1)...4)
  func agreesWithTheBitTables(isLenient: Bool, seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let bench = try PchipBench(byteCount: Self.memorySize, isLenient: isLenient)
    var slow = SlowTranslation(memory: bench.memory, caches: !isLenient)
    fillWithEntries(bench.memory, &random)
    var hits = 0
    for round in 0..<4000 {
      if round % 40 == 0 { try reprogram(bench, &slow, &random) }
      if random.next() % 8 == 0 {
        let entry = Self.randomEntry(&random)
        bench.memory.setQuadword(
          entry, at: PhysicalAddress(random.next() % (Self.memorySize / 8) * 8))
      }
      if random.next() % 64 == 0 {
        try bench.write(.tlbia, random.next())
        slow.invalidateAll()
      }
      let address = Self.randomAddress(slow, &random)
      if random.next() % 16 == 0 {
        let value = address >> 12 & 0xF_FFF0 | (address >> 39 & 1) << 27
        try bench.write(.tlbiv, value)
        slow.invalidate(value)
      }
      let busAddress = BusAddress(address)
      let translator = bench.pchip.translator
      let peeked = SlowTranslation.Outcome { () throws(DMAFault) in
        try translator.peek(busAddress, .write)
      }
      let actual = SlowTranslation.Outcome { () throws(DMAFault) in
        try translator.translate(busAddress, .write)
      }
      #expect(peeked == actual)
      #expect(actual == slow.outcome(address), "address 0x\(String(address, radix: 16)), \(slow)")
      if let translation = try? translator.peek(busAddress, .read) {
        hits += 1
        #expect(translation.physical.rawValue + translation.byteCount <= Self.memorySize)
        #expect((address + translation.byteCount).isMultiple(of: 8192))
      }
      _ = translator.explain(busAddress)
    }
    #expect(hits > 400, "the random registers hit often enough to mean something")
  }

  /// Half valid entries that mostly lead to memory, some with odd bits, some noise.
  private static func randomEntry(_ random: inout SeededGenerator) -> UInt64 {
    let page = random.next() % (memorySize / 8192 + 64)
    return switch random.next() % 8 {
    case 0: random.next()
    case 1: page << 1 | 1 | 1 << (random.next() % 64)
    case 2, 3: page << 1
    default: page << 1 | 1
    }
  }

  private func fillWithEntries(_ memory: GuestRAM, _ random: inout SeededGenerator) {
    for quadword in 0..<Self.memorySize / 8 {
      // A cheap spread over a few hundred prepared entries.
      let seed = quadword &* 0x9E37_79B9_7F4A_7C15
      let entry = seed >> 41 & 0x3FF | (seed >> 40 & 3 == 0 ? 0 : 1)
      memory.setQuadword(entry, at: PhysicalAddress(8 * quadword))
    }
    for _ in 0..<10_000 {
      memory.setQuadword(
        Self.randomEntry(&random),
        at: PhysicalAddress(random.next() % (Self.memorySize / 8) * 8))
    }
  }

  private func reprogram(
    _ bench: PchipBench, _ slow: inout SlowTranslation, _ random: inout SeededGenerator
  ) throws {
    for number in 0..<4 {
      let wsba = random.next() & 0x80_FFF0_0003 | (random.next() % 4 == 0 ? 0 : 1)
      let ones = random.next() % 13
      let wsm =
        random.next() % 6 == 0
        ? random.next() & 0xFFF0_0000 : ((1 << ones) - 1) << 20 & 0xFFF0_0000
      let tba = random.next() % (random.next() % 4 == 0 ? 1 << 35 : Self.memorySize)
      try bench.window(number, wsba, wsm, tba)
      let names = Pchip.windowRegisters[number]
      slow.wsba[number] = try bench.read(names.wsba)
      slow.wsm[number] = try bench.read(names.wsm)
      slow.tba[number] = try bench.read(names.tba)
    }
    let control = random.next()
    try bench.write(.pctl, control)
    slow.hole = control & 1 << 5 != 0
    slow.monster = control & 1 << 6 != 0
  }

  /// Addresses near the windows, in the hole, in the dual-address spaces, and anywhere.
  private static func randomAddress(
    _ slow: SlowTranslation, _ random: inout SeededGenerator
  ) -> UInt64 {
    let low = random.next() & 0xFF_FFFF
    return switch random.next() % 10 {
    case 0: random.next()
    case 1: 0x8_0000 + (low & 0xF_FFFF)
    case 2: 1 << 40 | random.next() & 0xFF_FFFF_FFFF
    case 3: 1 << 40 | low
    case 4: 0x80_0000_0000 | random.next() & 0xFFFF_FFFF
    case 5: 0x80_0000_0000 | low & 0x3_FFFF
    default: (slow.wsba[Int(random.next() % 4)] & 0xFFF0_0000) ^ (low & 0x3F_FFFF)
    }
  }
}
