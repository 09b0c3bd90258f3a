import Machine
import Testing

@Suite("ELF loader")
struct ELFExecutableTests {
  @Test("a KSEG address loses its segment, another stays")
  func addresses() throws {
    let elf = try ELFExecutable(SampleELF(address: 0xFFFF_FC00_0031_0000).bytes, name: "k")
    #expect(elf.segments[0].physicalAddress == 0x31_0000)
    #expect(elf.entry == 0xFFFF_FC00_0031_0000)
    let low = try ELFExecutable(SampleELF(address: 0x2000).bytes, name: "k")
    #expect(low.segments[0].physicalAddress == 0x2000)
  }

  @Test("memory beyond the file's bytes is part of the segment")
  func zeroFill() throws {
    var sample = SampleELF(address: 0x2000)
    sample.memorySize = 100
    let elf = try ELFExecutable(sample.bytes, name: "k")
    #expect(elf.segments[0].byteCount == 100)
    #expect(elf.segments[0].bytes.count == 8)
  }

  @Test("segments share the file's bytes, however many name them")
  func shared() throws {
    var sample = SampleELF(address: 0x2000)
    sample.segmentCount = 3
    sample.contentOffset = 64 + 3 * 56
    let elf = try ELFExecutable(sample.bytes, name: "k")
    #expect(elf.segments.map(\.bytes.indices) == [Range<Int>](repeating: 232..<240, count: 3))
  }

  struct Damage: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var says: String
    var apply: @Sendable (inout SampleELF) -> Void

    init(_ name: String, says: String, _ apply: @escaping @Sendable (inout SampleELF) -> Void) {
      testDescription = name
      self.says = says
      self.apply = apply
    }
  }

  static let damages = [
    Damage("no ELF", says: "not an ELF file") { $0.magic = 0x7E },
    Damage("32 bits", says: "not a little-endian ELF64") { $0.elfClass = 1 },
    Damage("big-endian", says: "not a little-endian ELF64") { $0.dataEncoding = 2 },
    Damage("x86", says: "not for Alpha") { $0.machine = 62 },
    Damage("table outside", says: "outside the file") { $0.tableOffset = 1 << 40 },
    Damage("table wraps", says: "outside the file") { $0.tableOffset = .max - 8 },
    Damage("content outside", says: "outside the file") { $0.contentOffset = .max - 2 },
    Damage("larger than in memory", says: "outside the file") { $0.memorySize = 4 },
    Damage("nothing to load", says: "nothing to load") { $0.segmentType = 2 },
  ]

  @Test("damage is named", arguments: damages)
  func damage(_ damage: Damage) throws {
    var sample = SampleELF(address: 0x2000)
    damage.apply(&sample)
    let error = try #require(throws: LoadError.self) {
      try ELFExecutable(sample.bytes, name: "kernel")
    }
    #expect(error.description.hasPrefix("kernel: "))
    #expect(error.description.contains(damage.says))
  }

  @Test("no prefix of a good file and no flipped byte crashes the loader")
  func mutations() {
    let good = SampleELF(address: 0x2000).bytes
    for count in 0..<good.count { _ = try? ELFExecutable(Array(good.prefix(count)), name: "k") }
    for index in good.indices {
      for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
        var bytes = good
        bytes[index] = value
        _ = try? ELFExecutable(bytes, name: "k")
      }
    }
  }
}

/// An ELF file of one segment with eight bytes, every field free to be wrong.
struct SampleELF: Sendable {
  var magic: UInt8 = 0x7F
  var elfClass: UInt8 = 2
  var dataEncoding: UInt8 = 1
  var machine: UInt16 = 0x9026
  var tableOffset: UInt64 = 64
  /// How often the segment is named.
  var segmentCount: UInt16 = 1
  var segmentType: UInt32 = 1
  var contentOffset: UInt64 = 120
  /// Nil for as much as the file has.
  var memorySize: UInt64?
  var address: UInt64
  var words: [UInt32] = [0, 0]

  init(address: UInt64) { self.address = address }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [magic, 0x45, 0x4C, 0x46, elfClass, dataEncoding, 1]
    bytes += [UInt8](repeating: 0, count: 9)
    func put<Value: FixedWidthInteger>(_ value: Value) {
      for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
      }
    }
    for value in [2, machine] { put(value) }
    put(UInt32(1))
    for value in [address, tableOffset, 0] { put(value) }
    put(UInt32(0))
    for value in [64, 56, segmentCount, 0, 0, 0] as [UInt16] { put(value) }
    let size = UInt64(words.count * 4)
    for _ in 0..<segmentCount {
      for value in [segmentType, 7] { put(value) }
      for value in [contentOffset, address, address, size, memorySize ?? size, 8192] { put(value) }
    }
    for word in words { put(word) }
    return bytes
  }
}
