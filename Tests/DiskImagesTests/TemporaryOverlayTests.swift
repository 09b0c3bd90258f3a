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
