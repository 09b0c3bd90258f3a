internal import GuestMemory

/// Puts firmware, kernel, parameters and initial RAM disk into memory, as the firmware expects them.
struct BootLoader {
  /// Distance of the kernel's parameter block below its lowest address.
  static let parameterDistance: UInt64 = 0x6000
  static let commandLineByteCount = 256

  let ram: GuestRAM
  let configuration: MachineConfiguration
  let firmware: ELFExecutable
  let kernel: ELFExecutable?

  init(ram: GuestRAM, configuration: MachineConfiguration) throws(LoadError) {
    self.ram = ram
    self.configuration = configuration
    firmware = try ELFExecutable(configuration.firmware.bytes, name: configuration.firmware.name)
    if let file = configuration.kernel {
      kernel = try ELFExecutable(file.bytes, name: file.name)
    } else {
      kernel = nil
    }
    guard configuration.commandLine.utf8.count < Self.commandLineByteCount else {
      throw LoadError(
        "the kernel command line has \(configuration.commandLine.utf8.count) bytes; "
          + "at most \(Self.commandLineByteCount - 1) fit")
    }
    if kernel == nil, configuration.initrd != nil {
      throw LoadError("an initial RAM disk needs a kernel to use it; add --kernel")
    }
    if kernel == nil, !configuration.commandLine.isEmpty {
      throw LoadError("a command line needs a kernel to read it; add --kernel")
    }
  }

  /// TRAP_ARG0 to TRAP_ARG2 of the boot CPU: memory size, kernel entry, CPU count and "no graphics".
  var resetArguments: (UInt64, UInt64, UInt64) {
    (ram.byteCount, kernel?.entry ?? 0, UInt64(configuration.cpuCount) | 1 << 6)
  }

  /// Fills memory, or changes nothing of it and throws.
  func load() throws(LoadError) {
    for piece in try layOut() { fill(piece) }
  }

  /// A part of memory that is filled: what the bytes do not reach is zero.
  struct Piece {
    var name: String
    var range: Range<UInt64>
    var bytes: ArraySlice<UInt8>
  }

  /// What goes where, in the order of the addresses.
  func layOut() throws(LoadError) -> [Piece] {
    let pieces = try pieces().sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (piece, next) in zip(pieces, pieces.dropFirst()) where piece.range.overlaps(next.range) {
      throw LoadError(
        "\(next.name) at \(PhysicalAddress(next.range.lowerBound)) overlaps \(piece.name) at "
          + "\(PhysicalAddress(piece.range.lowerBound)); an initial RAM disk lies at the end of "
          + "memory (--memory), everything else where its file says")
    }
    return pieces
  }

  private func pieces() throws(LoadError) -> [Piece] {
    var pieces = try parts(of: firmware, name: configuration.firmware.name)
    guard let kernel, let file = configuration.kernel else { return pieces }
    pieces += try parts(of: kernel, name: file.name)
    var initrd: Piece?
    if let file = configuration.initrd {
      let size = UInt64(file.bytes.count)
      guard size < ram.byteCount else {
        throw LoadError(
          "\(file.name): \(size) bytes do not fit into \(ram.byteCount) bytes of memory")
      }
      let start = (ram.byteCount - size) & ~(GuestRAM.pageSize - 1)
      initrd = Piece(name: file.name, range: start..<start + size, bytes: file.bytes[...])
    }
    let base = kernel.lowestPhysicalAddress
    guard base >= Self.parameterDistance else {
      throw LoadError(
        "\(file.name): loaded at \(PhysicalAddress(base)), which leaves no room for the parameter "
          + "block 0x6000 bytes below")
    }
    let block = parameterBlock(initrd: initrd?.range)
    let start = base - Self.parameterDistance
    pieces.append(
      Piece(
        name: "the kernel's parameter block", range: start..<start + UInt64(block.count),
        bytes: block[...]))
    if let initrd { pieces.append(initrd) }
    return pieces
  }

  private func parts(of executable: ELFExecutable, name: String) throws(LoadError) -> [Piece] {
    var pieces: [Piece] = []
    for segment in executable.segments {
      let start = segment.physicalAddress
      let (end, overflow) = start.addingReportingOverflow(segment.byteCount)
      guard !overflow, end <= ram.byteCount else {
        throw LoadError(
          "\(name): needs memory up to 0x\(String(end, radix: 16)), "
            + "but the machine has \(ram.byteCount) bytes; give more with --memory")
      }
      pieces.append(Piece(name: name, range: start..<end, bytes: segment.bytes))
    }
    return pieces
  }

  /// The command line, then address (KSEG) and size of the initial RAM disk.
  private func parameterBlock(initrd: Range<UInt64>?) -> [UInt8] {
    var block = Array(configuration.commandLine.utf8)
    block.append(contentsOf: repeatElement(0, count: Self.commandLineByteCount - block.count))
    block.append(littleEndian: initrd.map { $0.lowerBound &+ 0xFFFF_FC00_0000_0000 } ?? 0)
    block.append(littleEndian: initrd.map { $0.upperBound - $0.lowerBound } ?? 0)
    return block
  }

  /// Zeroes what the file does not fill: memory is not fresh after a reset. All pieces lie in memory.
  private func fill(_ piece: Piece) {
    _ = ram.write(PhysicalAddress(piece.range.lowerBound), from: piece.bytes.span)
    let zeroes = [UInt8](repeating: 0, count: 1 << 16)
    var address = piece.range.lowerBound + UInt64(piece.bytes.count)
    while address < piece.range.upperBound {
      let count = min(zeroes.count, Int(piece.range.upperBound - address))
      _ = ram.write(PhysicalAddress(address), from: zeroes.span.extracting(first: count))
      address += UInt64(count)
    }
  }
}
