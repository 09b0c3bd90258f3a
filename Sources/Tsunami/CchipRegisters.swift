public import DeviceModel

/// The control and status registers of the Cchip (21272 HRM 10.2.2).
public enum CchipRegister: String, CaseIterable, Sendable {
  /// System configuration.
  case csc = "CSC"
  /// Memory timing.
  case mtr = "MTR"
  /// Interrupts, arbitration, errors, revision and the reader's CPU number.
  case misc = "MISC"
  /// Memory presence detect: the serial bus to the DIMMs.
  case mpd = "MPD"
  /// Memory array address, array 0.
  case aar0 = "AAR0"
  /// Memory array address, array 1.
  case aar1 = "AAR1"
  /// Memory array address, array 2.
  case aar2 = "AAR2"
  /// Memory array address, array 3.
  case aar3 = "AAR3"
  /// Device interrupt mask, CPU 0.
  case dim0 = "DIM0"
  /// Device interrupt mask, CPU 1.
  case dim1 = "DIM1"
  /// Device interrupt requests that CPU 0 has not masked.
  case dir0 = "DIR0"
  /// Device interrupt requests that CPU 1 has not masked.
  case dir1 = "DIR1"
  /// Device raw interrupt requests.
  case drir = "DRIR"
  /// Probe enable.
  case prben = "PRBEN"
  /// Interval ignore count, CPU 0.
  case iic0 = "IIC0"
  /// Interval ignore count, CPU 1.
  case iic1 = "IIC1"
  /// Memory programming, array 0.
  case mpr0 = "MPR0"
  /// Memory programming, array 1.
  case mpr1 = "MPR1"
  /// Memory programming, array 2.
  case mpr2 = "MPR2"
  /// Memory programming, array 3.
  case mpr3 = "MPR3"
  /// Memory control.
  case mctl = "MCTL"
  /// TIGbus timing.
  case ttr = "TTR"
  /// TIGbus device timing.
  case tdr = "TDR"
  /// Device interrupt mask, CPU 2.
  case dim2 = "DIM2"
  /// Device interrupt mask, CPU 3.
  case dim3 = "DIM3"
  /// Device interrupt requests that CPU 2 has not masked.
  case dir2 = "DIR2"
  /// Device interrupt requests that CPU 3 has not masked.
  case dir3 = "DIR3"
  /// Interval ignore count, CPU 2.
  case iic2 = "IIC2"
  /// Interval ignore count, CPU 3.
  case iic3 = "IIC3"
  /// Power management.
  case pwr = "PWR"
  /// Performance monitor control A.
  case cmonctla = "CMONCTLA"
  /// Performance monitor control B.
  case cmonctlb = "CMONCTLB"
  /// Performance monitor counters 0 and 1.
  case cmoncnt01 = "CMONCNT01"
  /// Performance monitor counters 2 and 3.
  case cmoncnt23 = "CMONCNT23"
}

extension CchipRegister {
  static let deviceInterruptMasks: [CchipRegister] = [.dim0, .dim1, .dim2, .dim3]
  static let intervalIgnoreCounts: [CchipRegister] = [.iic0, .iic1, .iic2, .iic3]
}

/// Fields of MISC (21272 HRM 10.2.2.3). Fields with a bit for each CPU are named by their bit for
/// CPU 0.
enum MISC {
  static let timerInterrupt = 4
  static let processorInterrupt = 8
  static let processorRequest = 12
  static let arbitrationWon = 16
  static let arbitrationTry = 20
  static let arbitrationClear: UInt64 = 1 << 24
  static let nonExistentMemory: UInt64 = 1 << 28
  static let nonExistentMemorySource = 29
  /// Revision 8: a 21274 (Typhoon), four CPUs.
  static let reset: UInt64 = 8 << 32

  /// The field of four bits at `shift`.
  static func field(_ shift: Int) -> UInt64 { 0xF << UInt64(shift) }
}

/// Fields of the interval ignore counts (21272 HRM 10.2.2.10).
enum IIC {
  static let count: UInt64 = 0xFF_FFFF
  static let overflow: UInt64 = 1 << 24
}

extension Cchip {
  /// Every register with its offset, access rules and reset value.
  ///
  /// Configuration pins read zero: one Pchip, no interleaving. What the emulator's memory has no
  /// use for (timing, power, performance monitors) is stored without effect.
  public static let registerMap = RegisterMap<CchipRegister>(
    width: .quadword,
    [
      Register(.csc, at: 0x000, .readWrite(mask: 0x0777_777F_FF3F_0000)),
      Register(.mtr, at: 0x040, .readWrite()),
      Register(
        .misc, at: 0x080,
        .fields(
          writeOneToClear: MISC.nonExistentMemory | MISC.field(MISC.processorInterrupt)
            | MISC.field(MISC.timerInterrupt),
          writeOneToSet: MISC.field(MISC.arbitrationTry),
          hardware: MISC.field(MISC.arbitrationWon) | 7 << UInt64(MISC.nonExistentMemorySource)),
        reset: MISC.reset),
      Register(.mpd, at: 0x0C0, .readOnly(hardware: 0xC)),
      Register(.aar0, at: 0x100, .readWrite()),
      Register(.aar1, at: 0x140, .readWrite()),
      Register(.aar2, at: 0x180, .readWrite()),
      Register(.aar3, at: 0x1C0, .readWrite()),
      Register(.dim0, at: 0x200, .readWrite()),
      Register(.dim1, at: 0x240, .readWrite()),
      Register(.dir0, at: 0x280, .readOnly()),
      Register(.dir1, at: 0x2C0, .readOnly()),
      Register(
        .drir, at: 0x300,
        .readOnly(hardware: deviceInterrupts | errorInterrupts)),
      Register(.prben, at: 0x340, .writeOnly),
      Register(.iic0, at: 0x380, .fields(writable: IIC.count, hardware: IIC.overflow)),
      Register(.iic1, at: 0x3C0, .fields(writable: IIC.count, hardware: IIC.overflow)),
      Register(.mpr0, at: 0x400, .writeOnly),
      Register(.mpr1, at: 0x440, .writeOnly),
      Register(.mpr2, at: 0x480, .writeOnly),
      Register(.mpr3, at: 0x4C0, .writeOnly),
      Register(.mctl, at: 0x500, .readWrite()),
      Register(.ttr, at: 0x580, .readWrite()),
      Register(.tdr, at: 0x5C0, .readWrite()),
      Register(.dim2, at: 0x600, .readWrite()),
      Register(.dim3, at: 0x640, .readWrite()),
      Register(.dir2, at: 0x680, .readOnly()),
      Register(.dir3, at: 0x6C0, .readOnly()),
      Register(.iic2, at: 0x700, .fields(writable: IIC.count, hardware: IIC.overflow)),
      Register(.iic3, at: 0x740, .fields(writable: IIC.count, hardware: IIC.overflow)),
      Register(.pwr, at: 0x780, .readWrite()),
      Register(.cmonctla, at: 0xC00, .readWrite()),
      Register(.cmonctlb, at: 0xC40, .readWrite()),
      Register(.cmoncnt01, at: 0xC80, .readOnly()),
      Register(.cmoncnt23, at: 0xCC0, .readOnly()),
    ])
}
