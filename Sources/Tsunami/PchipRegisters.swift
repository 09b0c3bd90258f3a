public import DeviceModel

/// The control and status registers of a Pchip (21272 HRM 10.2.5).
public enum PchipRegister: String, CaseIterable, Sendable {
  /// Window space base address 0.
  case wsba0 = "WSBA0"
  /// Window space base address 1.
  case wsba1 = "WSBA1"
  /// Window space base address 2.
  case wsba2 = "WSBA2"
  /// Window space base address 3.
  case wsba3 = "WSBA3"
  /// Window space mask 0.
  case wsm0 = "WSM0"
  /// Window space mask 1.
  case wsm1 = "WSM1"
  /// Window space mask 2.
  case wsm2 = "WSM2"
  /// Window space mask 3.
  case wsm3 = "WSM3"
  /// Translated base address 0.
  case tba0 = "TBA0"
  /// Translated base address 1.
  case tba1 = "TBA1"
  /// Translated base address 2.
  case tba2 = "TBA2"
  /// Translated base address 3.
  case tba3 = "TBA3"
  /// Control.
  case pctl = "PCTL"
  /// Master latency.
  case plat = "PLAT"
  /// Errors.
  case perror = "PERROR"
  /// Error mask: a zero bit keeps the error from being recorded.
  case perrmask = "PERRMASK"
  /// Error set, for tests of the error path.
  case perrset = "PERRSET"
  /// Translation buffer invalidate virtual.
  case tlbiv = "TLBIV"
  /// Translation buffer invalidate all.
  case tlbia = "TLBIA"
  /// Performance monitor control.
  case pmonctl = "PMONCTL"
  /// Performance monitor counters.
  case pmoncnt = "PMONCNT"
  /// Software reset of the PCI bus.
  case sprst = "SPRST"
}

/// Bits of PCTL (21272 HRM 10.2.5.4).
enum PCTL {
  static let hole: UInt64 = 1 << 5
  static let monsterWindow: UInt64 = 1 << 6
  /// All but the read-only REV (31:24), PCLKX (41:40), RPP (45) and PID (47:46), and the reserved
  /// bits.
  static let writable: UInt64 = 0x1CFF_00FC_FFFF
  /// Revision 1, arbiter and ECC on, PTEVRFY, queue limits of 4; no window feature.
  static let reset: UInt64 = 0x1044_0144_0081
}

/// Fields of PERROR (21272 HRM 10.2.5.6).
enum PERROR {
  static let lost: UInt64 = 1 << 0
  static let errors: UInt64 = 0xFFF
  static let command: UInt64 = 52
  static let captured: UInt64 = 0xFFF7_FFFF_FFFF_0000
}

extension Pchip {
  /// Every register with its offset, access rules and reset value.
  public static let registerMap = RegisterMap<PchipRegister>(
    width: .quadword,
    [
      Register(.wsba0, at: 0x000, .readWrite(mask: 0xFFF0_0003)),
      Register(.wsba1, at: 0x040, .readWrite(mask: 0xFFF0_0003)),
      Register(.wsba2, at: 0x080, .readWrite(mask: 0xFFF0_0003)),
      Register(.wsba3, at: 0x0C0, .readWrite(mask: 0x80_FFF0_0001), reset: 2),
      Register(.wsm0, at: 0x100, .readWrite(mask: 0xFFF0_0000)),
      Register(.wsm1, at: 0x140, .readWrite(mask: 0xFFF0_0000)),
      Register(.wsm2, at: 0x180, .readWrite(mask: 0xFFF0_0000)),
      Register(.wsm3, at: 0x1C0, .readWrite(mask: 0xFFF0_0000)),
      Register(.tba0, at: 0x200, .readWrite(mask: 0x7_FFFF_FC00)),
      Register(.tba1, at: 0x240, .readWrite(mask: 0x7_FFFF_FC00)),
      Register(.tba2, at: 0x280, .readWrite(mask: 0x7_FFFF_FC00)),
      Register(.tba3, at: 0x2C0, .readWrite(mask: 0x7_FFFF_FC00)),
      Register(.pctl, at: 0x300, .readWrite(mask: PCTL.writable), reset: PCTL.reset),
      Register(.plat, at: 0x340, .readWrite(mask: 0xFF00)),
      Register(
        .perror, at: 0x3C0, .fields(writeOneToClear: PERROR.errors, hardware: PERROR.captured)),
      Register(.perrmask, at: 0x400, .readWrite(mask: PERROR.errors)),
      Register(.perrset, at: 0x440, .writeOnly),
      Register(.tlbiv, at: 0x480, .writeOnly),
      Register(.tlbia, at: 0x4C0, .writeOnly),
      Register(.pmonctl, at: 0x500, .readWrite()),
      Register(.pmoncnt, at: 0x540, .readOnly()),
      Register(.sprst, at: 0x800, .writeOnly),
    ])

  static let windowRegisters: [(wsba: PchipRegister, wsm: PchipRegister, tba: PchipRegister)] = [
    (.wsba0, .wsm0, .tba0), (.wsba1, .wsm1, .tba1), (.wsba2, .wsm2, .tba2), (.wsba3, .wsm3, .tba3),
  ]
}
