import DiskImages
import MachineTestKit

/// A change of the image's file behind the program's back.
enum DiskImageEdit {
  /// Offset and width of the header's fields (qcow2 specification, "Header").
  private static let headerFields: [(offset: UInt64, width: Int)] = [
    (0, 4), (4, 4), (8, 8), (16, 4), (20, 4), (24, 8), (32, 4), (36, 4), (40, 8), (48, 8), (56, 4),
    (60, 4), (64, 8), (72, 8), (80, 8), (88, 8), (96, 4), (100, 4), (104, 1), (112, 4), (116, 4),
  ]

  /// Makes the change that the input describes.
  static func apply(_ input: inout FuzzInput, to store: MemoryFileStore) throws(ImageFault) {
    let size = try store.byteCount()
    switch input.byte() % 8 {
    case 0:
      let field = headerFields[Int(input.byte()) % headerFields.count]
      try put(value(&input), width: field.width, at: field.offset, store)
    case 1:
      let offset = offset(&input, below: size)
      try put(UInt64(input.byte()), width: 1, at: offset, store)
    case 2:
      let offset = offset(&input, below: size)
      let flipped = 1 << UInt64(input.byte() % 64) ^ quadword(at: offset & ~7, store)
      try put(flipped, width: 8, at: offset & ~7, store)
    case 3, 4:
      let offset = offset(&input, below: size)
      try put(value(&input), width: 8, at: offset & ~7, store)
    case 5: try putSeries(&input, store)
    case 6:
      let source = offset(&input, below: size)
      let count = input.word() % 4096
      let target = offset(&input, below: size)
      var bytes = [UInt8](repeating: 0, count: count)
      var span = bytes.mutableSpan
      try store.read(at: source, into: &span)
      try store.write(at: target, from: bytes.span)
    default:
      let count = input.word()
      // The file's size: sectors, or a power of two for a file that is sparse.
      try store.setByteCount(count < 0xFF00 ? UInt64(count) * 64 : 1 << UInt64(count % 63))
    }
  }

  /// A table's worth of quadwords, each `step` more than the one before: what takes an attacker
  /// megabytes and an input sixteen bytes.
  private static func putSeries(
    _ input: inout FuzzInput, _ store: MemoryFileStore
  ) throws(ImageFault) {
    let start = offset(&input, below: try store.byteCount())
    let stride = max(8, Int(input.byte()))
    let count = min(input.word(), 1 << 20 / stride)
    var value = value(&input)
    let step = UInt64(input.byte()) << 9
    for index in 0..<UInt64(count) {
      try put(value, width: 8, at: start &+ index * UInt64(stride), store)
      value &+= step
    }
  }

  /// A place in the file, near its start as often as anywhere.
  private static func offset(_ input: inout FuzzInput, below size: UInt64) -> UInt64 {
    let word = UInt64(input.word())
    return word * 8 < size || size == 0 ? word * 8 : word % size
  }

  /// A number that means something in some table, or any.
  private static func value(_ input: inout FuzzInput) -> UInt64 {
    let flags: [UInt64] = [0, 1 << 63, 1 << 62, 1, 1 << 63 | 1, 3 << 62, 1 << 56, 1 << 55]
    let kind = input.byte()
    switch kind % 4 {
    case 0: return UInt64(input.word()) << 9 | flags[Int(kind >> 2) % flags.count]
    case 1: return UInt64(input.byte())
    case 2: return (1 << UInt64(input.byte() % 64)) &- UInt64(kind >> 2 & 1)
    default: return input.quadword()
    }
  }

  private static func quadword(at offset: UInt64, _ store: MemoryFileStore) -> UInt64 {
    var bytes = [UInt8](repeating: 0, count: 8)
    var span = bytes.mutableSpan
    _ = try? store.read(at: offset, into: &span)
    return bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func put(
    _ value: UInt64, width: Int, at offset: UInt64, _ store: MemoryFileStore
  ) throws(ImageFault) {
    let bytes = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - $0))) }
    try store.write(at: offset, from: bytes.span)
  }
}
