/// Offsets in a type 0 header (PCI 2.2, figure 6-1).
enum Layout {
  static let vendor = 0x00
  static let device = 0x02
  static let command = 0x04
  static let status = 0x06
  static let revision = 0x08
  static let classCode = 0x09
  static let cacheLineSize = 0x0C
  static let latencyTimer = 0x0D
  static let headerType = 0x0E
  static let baseAddresses = 0x10..<0x28
  static let subsystemVendor = 0x2C
  static let subsystem = 0x2E
  static let capabilities = 0x34
  static let interruptLine = 0x3C
  static let interruptPin = 0x3D
  /// The first byte behind the header.
  static let firstCapability = 0x40

  static func baseAddress(_ number: Int) -> Int { baseAddresses.lowerBound + 4 * number }
}

/// Bits of the Command register (PCI 2.3, 6.2.2).
enum Command {
  static let io: UInt16 = 1 << 0
  static let memory: UInt16 = 1 << 1
  static let busMaster: UInt16 = 1 << 2
  static let parityErrorResponse: UInt16 = 1 << 6
  static let systemError: UInt16 = 1 << 8
  static let interruptDisable: UInt16 = 1 << 10
  static let writable =
    io | memory | busMaster | parityErrorResponse | systemError | interruptDisable
}

/// Bits of the Status register (PCI 2.3, 6.2.3).
enum Status {
  static let interrupt: UInt16 = 1 << 3
  static let capabilitiesList: UInt16 = 1 << 4
  static let receivedMasterAbort: UInt16 = 1 << 13
  /// Error bits 15:11 and 8.
  static let writeOneToClear: UInt16 = 0xF900
}
