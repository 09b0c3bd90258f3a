import GuestMemory
import Testing

@Suite("Guest RAM")
struct GuestRAMTests {
  @Test("a size is a positive multiple of the page size", arguments: [0, 1, 8191, 8193, 1 << 41])
  func badSizes(_ size: UInt64) {
    #expect(throws: GuestRAMError.badSize(size)) { try GuestRAM(byteCount: size) }
    #expect("\(GuestRAMError.badSize(size))".contains("8192 up to 1099511627776"))
  }

  @Test("what is written reads back, byte for byte")
  func roundTrip() throws {
    let ram = try GuestRAM(byteCount: 16384)
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let written = ram.write(PhysicalAddress(8000), from: bytes.span)
    #expect(written)
    var copy = [UInt8](repeating: 0, count: 300)
    var span = copy.mutableSpan
    let wasRead = ram.read(PhysicalAddress(8000), into: &span)
    #expect(wasRead)
    #expect(copy == bytes)
  }

  @Test("a range that is not wholly RAM moves nothing", arguments: [16377, 16384, 1 << 43, .max])
  func outside(_ address: UInt64) throws {
    let ram = try GuestRAM(byteCount: 16384)
    let ones = [UInt8](repeating: 1, count: 8)
    let written = ram.write(PhysicalAddress(address), from: ones.span)
    #expect(!written)
    #expect(ram.quadword(at: PhysicalAddress(16376)) == 0)
    #expect(ram.quadword(at: PhysicalAddress(address)) == nil)
    #expect(!ram.setQuadword(1, at: PhysicalAddress(address)))
  }

  @Test("quadwords are little-endian and need no alignment")
  func quadwords() throws {
    let ram = try GuestRAM(byteCount: 8192)
    ram.setQuadword(0x0102_0304_0506_0708, at: PhysicalAddress(3))
    var byte: [UInt8] = [0]
    var span = byte.mutableSpan
    let wasRead = ram.read(PhysicalAddress(3), into: &span)
    #expect(wasRead)
    #expect(byte == [8])
    #expect(ram.quadword(at: PhysicalAddress(3)) == 0x0102_0304_0506_0708)
  }

  @Test("observers learn of device writes and are not kept alive")
  func observers() throws {
    final class Observer: GuestRAMObserver {
      var seen: [(UInt64, Int)] = []
      func guestRAMDidChange(at address: PhysicalAddress, byteCount: Int) {
        seen.append((address.rawValue, byteCount))
      }
    }
    let ram = try GuestRAM(byteCount: 8192)
    var observer: Observer? = Observer()
    weak let released = observer
    if let observer { ram.addObserver(observer) }
    let bytes: [UInt8] = [1, 2, 3]
    _ = ram.write(PhysicalAddress(16), from: bytes.span)
    ram.setQuadword(1, at: PhysicalAddress(64))
    #expect(observer?.seen.map(\.0) == [16, 64])
    #expect(observer?.seen.map(\.1) == [3, 8])
    observer = nil
    #expect(released == nil)
    ram.setQuadword(2, at: PhysicalAddress(64))
  }
}

@Suite("DMA faults in words")
struct DMAFaultTests {
  @Test("each cause says what was hit or missed")
  func words() {
    let cases: [(DMAFault.Cause, String)] = [
      (.noWindow(inHole: false), "hits no window"),
      (.noWindow(inHole: true), "PCTL.HOLE"),
      (.busMasterDisabled, "bus-master bit is off"),
      (
        .invalidMapEntry(
          window: 2, entryAddress: PhysicalAddress(0x1000), entry: 0x42, cached: true),
        "window 2, map entry 0x42 at 0x1000 is not valid (cached"
      ),
      (.nonExistentMemory(window: 4, physical: PhysicalAddress(0x10)), "monster window"),
      (.nonExistentMemory(window: nil, physical: PhysicalAddress(0x10)), "untranslated"),
    ]
    for (cause, words) in cases {
      let text = DMAFault(cause, at: BusAddress(0xABC), .write).description
      #expect(text.hasPrefix("DMA write of bus address 0xabc: "))
      #expect(text.contains(words))
    }
  }
}
