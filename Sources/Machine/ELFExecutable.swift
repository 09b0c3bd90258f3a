internal import GuestMemory

/// A loadable ELF64 file for Alpha.
///
/// The file is untrusted: every offset and size is checked before it is used.
public struct ELFExecutable: Sendable {
  /// A piece of memory that the file fills.
  public struct Segment: Sendable {
    /// Where it goes, as the file says (virtual or physical).
    public var address: UInt64
    /// Bytes of the file, which many segments may share.
    public var bytes: ArraySlice<UInt8>
    /// Size in memory; what the file does not fill is zero.
    public var byteCount: UInt64

    /// The physical address: a KSEG address loses its segment, others stay.
    public var physicalAddress: UInt64 {
      address >> 41 & 3 == 2 ? address & 0xFF_FFFF_FFFF : address
    }
  }

  /// The ELF machine number of Alpha.
  public static let machine: UInt16 = 0x9026

  /// Virtual address of the first instruction.
  public let entry: UInt64
  /// The PT_LOAD segments.
  public let segments: [Segment]

  /// The lowest physical address of all segments.
  public var lowestPhysicalAddress: UInt64 { segments.map(\.physicalAddress).min() ?? 0 }

  /// Reads a file's bytes; `name` is what errors call it.
  public init(_ bytes: [UInt8], name: String) throws(LoadError) {
    guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
      throw LoadError("\(name): not an ELF file; an Alpha ELF64 executable is needed")
    }
    guard bytes.count >= 64, bytes[4] == 2, bytes[5] == 1 else {
      throw LoadError("\(name): not a little-endian ELF64 file, which Alpha executables are")
    }
    let machine: UInt16 = bytes.span.integer(at: 18)
    guard machine == Self.machine else {
      throw LoadError(
        "\(name): made for ELF machine 0x\(String(machine, radix: 16)), "
          + "not for Alpha (0x\(String(Self.machine, radix: 16)))")
    }
    entry = bytes.span.integer(at: 24)
    let table: UInt64 = bytes.span.integer(at: 32)
    let entrySize = UInt64(bytes.span.integer(at: 54, as: UInt16.self))
    let count = UInt64(bytes.span.integer(at: 56, as: UInt16.self))
    guard entrySize >= 56 else { throw LoadError("\(name): damaged ELF header") }
    var segments: [Segment] = []
    for index in 0..<count {
      let (header, overflow) = table.addingReportingOverflow(index * entrySize)
      guard !overflow, let words = bytes.slice(at: header, byteCount: 56) else {
        throw LoadError("\(name): program header \(index) lies outside the file")
      }
      let entry = words.span
      let type: UInt32 = entry.integer(at: 0)
      let offset: UInt64 = entry.integer(at: 8)
      let virtual: UInt64 = entry.integer(at: 16)
      let fileSize: UInt64 = entry.integer(at: 32)
      let memorySize: UInt64 = entry.integer(at: 40)
      guard type == 1, memorySize > 0 else { continue }
      guard fileSize <= memorySize, let content = bytes.slice(at: offset, byteCount: fileSize)
      else {
        throw LoadError("\(name): segment \(index) lies outside the file, which may be truncated")
      }
      segments.append(Segment(address: virtual, bytes: content, byteCount: memorySize))
    }
    guard !segments.isEmpty else { throw LoadError("\(name): nothing to load in this ELF file") }
    self.segments = segments
  }
}

/// Why a file could not be loaded into the machine.
public struct LoadError: Error, Equatable, CustomStringConvertible {
  /// What was wrong, where, and what would be right, in one line.
  public let description: String
  /// Describes what was wrong.
  public init(_ description: String) { self.description = description }
}

extension [UInt8] {
  /// The bytes of a range, or nil where it does not lie inside.
  fileprivate func slice(at offset: UInt64, byteCount: UInt64) -> ArraySlice<UInt8>? {
    let size = UInt64(count)
    guard offset <= size, byteCount <= size - offset else { return nil }
    return self[Int(offset)..<Int(offset + byteCount)]
  }
}
