import MachineTestKit
import Testing

@testable import DiskImages

@Suite struct TemporaryOverlayTests {
  @Test(
    "Random requests agree with a plain array, and the base never changes", arguments: 1...UInt64(3)
  )
  func model(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let size = 100 * 1024 + 512 * Int(seed)
    var model = random.bytes(size)
    let store = MemoryFileStore(model, isWritable: false)
    let base = try RawImage(store, readOnly: true)
    let overlay = TemporaryOverlay(over: base, scratch: MemoryFileStore())
    let original = model
    for _ in 0..<100 {
      let start = Int.random(in: 0..<size, using: &random)
      let count = Int.random(in: 0...min(20000, size - start), using: &random)
      let range = start..<start + count
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        let bytes = random.bytes(count)
        try overlay.write(at: UInt64(start), bytes)
        model.replaceSubrange(range, with: bytes)
      case 1:
        try overlay.writeZeroes(UInt64(start)..<UInt64(start + count), mayUnmap: true)
        for index in range { model[index] = 0 }
      case 2:
        try overlay.discard(UInt64(start)..<UInt64(start + count))
        // Discarded bytes may read as anything that the format chose: take its word.
        let after = try overlay.bytes(at: UInt64(start), count: count)
        for (index, byte) in zip(range, after) {
          #expect(byte == 0 || byte == model[index])
          model[index] = byte
        }
      default:
        #expect(try overlay.bytes(at: UInt64(start), count: count) == Array(model[range]))
      }
    }
    #expect(try overlay.bytes(at: 0, count: size) == model)
    #expect(store.bytes == original)
  }

  @Test("A huge disk costs what is written to it")
  func sparse() throws {
    let store = MemoryFileStore(isWritable: false)
    let big = MemoryFileStore()
    try big.setByteCount(1 << 50)
    let scratch = MemoryFileStore()
    let overlay = TemporaryOverlay(over: try RawImage(big, readOnly: true), scratch: scratch)
    try overlay.write(at: 1 << 49, [1])
    #expect(scratch.allocatedByteCount == 4096)
    #expect(try overlay.mapping(at: 1 << 49).mapping == .stored(fileOffset: 1 << 49))
    #expect(try overlay.mapping(at: 0).mapping == .unallocated)
    #expect(try overlay.bytes(at: (1 << 49) - 1, count: 3) == [0, 1, 0])
    #expect(throws: ImageFault.self) { try overlay.write(at: 1 << 50, [1]) }
    _ = store
  }

  @Test("What is discarded costs no memory, however big it is", .timeLimit(.minutes(1)))
  func discardAll() throws {
    let big = MemoryFileStore([1])
    let size: UInt64 = 1 << 44
    try big.setByteCount(size)
    let overlay = TemporaryOverlay(
      over: try RawImage(big, readOnly: true), scratch: MemoryFileStore())
    try overlay.write(at: size - 8192, [1])
    try overlay.discard(0..<size)
    #expect(try overlay.mapping(at: 0) == Extent(.zero(reservedAt: nil), byteCount: 128 << 20))
    #expect(try overlay.bytes(at: 0, count: 1) == [0])
    #expect(try overlay.bytes(at: size - 8192, count: 1) == [0])
    try overlay.write(at: 8192, [9])
    #expect(try overlay.mapping(at: 0) == Extent(.zero(reservedAt: nil), byteCount: 8192))
    #expect(try overlay.mapping(at: 8192) == Extent(.stored(fileOffset: 8192), byteCount: 4096))
    #expect(
      try overlay.mapping(at: 12288)
        == Extent(.zero(reservedAt: nil), byteCount: (128 << 20) - 12288))
  }

  @Test("Requests across the places where states are grouped agree with a plain array")
  func groups() throws {
    // The disk ends in the middle of a block of its third group.
    let size: UInt64 = (256 << 20) + 10_752
    let base = MemoryFileStore()
    try base.setByteCount(size)
    let overlay = TemporaryOverlay(
      over: try RawImage(base, readOnly: true), scratch: MemoryFileStore())
    let window = (128 << 20) - 40_000..<(128 << 20) + 40_000
    try base.write(at: UInt64(window.lowerBound), [UInt8](repeating: 5, count: window.count))
    try overlay.discard((256 << 20) - 4096..<size)
    #expect(try overlay.mapping(at: 256 << 20).byteCount == 10_752)
    var random = TestRandom(seed: 3)
    var model = [UInt8](repeating: 5, count: window.count)
    for round in 0..<100 {
      let start = Int.random(in: 0..<model.count, using: &random)
      let range = start..<Int.random(in: start..<model.count, using: &random)
      let offset = UInt64(window.lowerBound + start)
      if round % 2 == 0 {
        let bytes = [UInt8](repeating: UInt8(round), count: range.count)
        try overlay.write(at: offset, bytes)
        model.replaceSubrange(range, with: bytes)
      } else {
        try overlay.writeZeroes(offset..<offset + UInt64(range.count), mayUnmap: true)
        model.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
      }
      #expect(try overlay.bytes(at: UInt64(window.lowerBound), count: window.count) == model)
    }
  }

  @Test("A failing scratch file fails the write and keeps the old content")
  func fullScratch() throws {
    let base = try RawImage(MemoryFileStore([UInt8](repeating: 3, count: 8192)), readOnly: true)
    let scratch = MemoryFileStore()
    scratch.failure = { operation, _ in operation == .write ? 28 : nil }
    let overlay = TemporaryOverlay(over: base, scratch: scratch)
    do {
      try overlay.write(at: 100, [1])
      Issue.record("written")
    } catch {
      #expect(error.isOutOfSpace)
    }
    #expect(try overlay.bytes(at: 0, count: 8192) == [UInt8](repeating: 3, count: 8192))
  }
}
