import MachineTestKit
import Testing

@testable import DiskImages

@Suite struct RawImageTests {
  @Test("F2: a file that ends inside a sector shows the rest as zeroes and grows no further")
  func oddSize() throws {
    let store = MemoryFileStore([UInt8](repeating: 7, count: 1000))
    let image = try RawImage(store, readOnly: false)
    #expect(image.byteCount == 1024)
    #expect(
      try image.bytes(at: 990, count: 34) == [UInt8](repeating: 7, count: 10)
        + [UInt8](repeating: 0, count: 24))
    try image.write(at: 1020, [1, 2, 3, 4])
    #expect(store.bytes.count == 1024)
    #expect(throws: ImageFault.self) { try image.write(at: 1021, [1, 2, 3, 4]) }
    #expect(throws: ImageFault.self) { try image.bytes(at: .max, count: 4) }
  }

  @Test("F3-F6: writes, discards, zeroes", arguments: [true, false])
  func zeroes(canPunchHoles: Bool) throws {
    let store = MemoryFileStore([UInt8](repeating: 7, count: 65536))
    store.canPunchHoles = canPunchHoles
    let image = try RawImage(store, readOnly: false)
    try image.discard(0..<8192)
    #expect(try image.bytes(at: 0, count: 1) == [canPunchHoles ? 0 : 7])
    try image.writeZeroes(10000..<30000, mayUnmap: true)
    try image.writeZeroes(40000..<50000, mayUnmap: false)
    #expect(try image.bytes(at: 10000, count: 20000).allSatisfy { $0 == 0 })
    #expect(try image.bytes(at: 40000, count: 10000).allSatisfy { $0 == 0 })
    #expect(try image.bytes(at: 9999, count: 1) + image.bytes(at: 30000, count: 1) == [7, 7])
    #expect(throws: ImageFault.self) { try image.discard(65000..<70000) }
  }

  @Test("F7: holes are mapped as zeroes")
  func mapping() throws {
    let store = MemoryFileStore()
    try store.setByteCount(1 << 40)
    try store.write(at: 8192, [1])
    let image = try RawImage(store, readOnly: true)
    #expect(try image.mapping(at: 100) == Extent(.zero(reservedAt: nil), byteCount: 8092))
    #expect(try image.mapping(at: 8192) == Extent(.stored(fileOffset: 8192), byteCount: 4096))
  }

  @Test(
    "A new raw disk on a device reads zero", .enabled(if: LoopDevice.isPossible, LoopDevice.missing)
  )
  func device() throws {
    let directory = try TemporaryDirectory()
    let device = try LoopDevice(
      try directory.write("disk", [UInt8](repeating: 7, count: 1 << 20)))
    let opener = ImageOpener()
    for size in [1 << 20, 4096] as [UInt64] {
      try opener.create(device.path, format: .raw, .init(byteCount: size), replacing: true) {
        image throws(ImageFault) in
        #expect(image.byteCount == 1 << 20)
        #expect(try image.bytes(at: 0, count: Int(size)).allSatisfy { $0 == 0 })
        try image.write(at: 0, [UInt8](repeating: 5, count: 8192))
      }
    }
    let line = fault {
      try opener.create(device.path, format: .raw, .init(byteCount: 2 << 20), replacing: true)
    }
    #expect(line?.contains("has 1048576 bytes, but 2097152 are needed") == true)
    let image = try opener.open(device.path, format: .raw, readOnly: true)
    #expect(try image.bytes(at: 8191, count: 2) == [5, 0])
  }

  @Test("A read-only image refuses every change")
  func readOnly() throws {
    let image = try RawImage(MemoryFileStore([UInt8](repeating: 0, count: 512)), readOnly: true)
    #expect(throws: ImageFault.self) { try image.write(at: 0, [1]) }
    #expect(throws: ImageFault.self) { try image.discard(0..<512) }
    #expect(throws: ImageFault.self) { try image.writeZeroes(0..<512, mayUnmap: true) }
    try image.flush()
  }
}
