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

  /// Fills memory.
  func load() throws(LoadError) {
    try load(firmware, name: configuration.firmware.name)
    guard let kernel, let file = configuration.kernel else { return }
    try load(kernel, name: file.name)
    let base = kernel.lowestPhysicalAddress
    guard base >= Self.parameterDistance else {
      throw LoadError(
        "\(file.name): loaded at 0x\(String(base, radix: 16)), "
          + "which leaves no room for the parameter block 0x6000 bytes below")
    }
    if let overlap = firmware.segments.first(where: { overlaps($0, base - Self.parameterDistance) })
    {
      throw LoadError(
        "\(file.name): its parameter block at 0x\(String(base - Self.parameterDistance, radix: 16)) "
          + "overlaps the firmware at 0x\(String(overlap.physicalAddress, radix: 16))")
    }
    try loadParameters(at: base - Self.parameterDistance)
  }

  private func overlaps(_ segment: ELFExecutable.Segment, _ address: UInt64) -> Bool {
    address < segment.physicalAddress &+ segment.byteCount
      && segment.physicalAddress < address &+ 0x110
  }

  private func loadParameters(at address: UInt64) throws(LoadError) {
    var block = [UInt8](repeating: 0, count: 0x110)
    for (index, byte) in configuration.commandLine.utf8.enumerated() { block[index] = byte }
    if let initrd = configuration.initrd {
      let size = UInt64(initrd.bytes.count)
      guard size < ram.byteCount else {
        throw LoadError(
          "\(initrd.name): \(size) bytes do not fit into \(ram.byteCount) bytes of memory")
      }
      let start = (ram.byteCount - size) & ~0x1FFF
      try write(initrd.bytes, at: start, name: initrd.name)
      let virtual = start &+ 0xFFFF_FC00_0000_0000
      for index in 0..<8 {
        block[0x100 + index] = UInt8(truncatingIfNeeded: virtual >> (8 * UInt64(index)))
        block[0x108 + index] = UInt8(truncatingIfNeeded: size >> (8 * UInt64(index)))
      }
    }
    try write(block, at: address, name: "the kernel's parameter block")
  }

  private func load(_ executable: ELFExecutable, name: String) throws(LoadError) {
    for segment in executable.segments {
      let start = segment.physicalAddress
      let (end, overflow) = start.addingReportingOverflow(segment.byteCount)
      guard !overflow, end <= ram.byteCount else {
        throw LoadError(
          "\(name): needs memory up to 0x\(String(end, radix: 16)), "
            + "but the machine has \(ram.byteCount) bytes; give more with --memory")
      }
      try write(segment.bytes, at: start, name: name)
      try clear(from: start + UInt64(segment.bytes.count), to: end, name: name)
    }
  }

  /// Zeroes what the file does not fill: memory is not fresh after a reset.
  private func clear(from start: UInt64, to end: UInt64, name: String) throws(LoadError) {
    let zeroes = [UInt8](repeating: 0, count: 1 << 16)
    var address = start
    while address < end {
      let count = min(UInt64(zeroes.count), end - address)
      guard ram.write(PhysicalAddress(address), from: zeroes.span.extracting(first: Int(count)))
      else { throw LoadError("\(name): does not fit into \(ram.byteCount) bytes of memory") }
      address += count
    }
  }

  private func write(_ bytes: [UInt8], at address: UInt64, name: String) throws(LoadError) {
    guard ram.write(PhysicalAddress(address), from: bytes.span) else {
      throw LoadError("\(name): does not fit into \(ram.byteCount) bytes of memory")
    }
  }
}
