internal import GuestMemory

/// The access types of HW_LD and HW_ST.
struct HardwareAccess {
  enum Kind {
    /// Physical address.
    case physical
    /// Physical address, load-locked or store-conditional.
    case locked
    /// Virtual address in kernel mode; write access is checked too.
    case kernelWriteCheck
    /// Virtual address with the checks of user mode.
    case user
  }

  let kind: Kind
  let byteCount: Int

  /// From instruction bits 15:12; odd types move quadwords.
  init(type: UInt8) {
    byteCount = type & 1 == 0 ? 4 : 8
    kind =
      switch type >> 1 {
      case 0: .physical
      case 1: .locked
      case 5: .kernelWriteCheck
      default: .user
      }
  }
}

/// The slow paths that handlers call. Each returns nil or false after a trap.
extension AlphaCPU {
  func slowLoad(_ va: UInt64, _ opcode: UInt8, _ code: Code, _ left: Int) -> UInt64? {
    let va = opcode == MemoryOpcode.ldqU ? va & ~7 : va
    guard let access = unsafe aligned(va, opcode, code, left) else { return nil }
    return load(access)
  }

  func slowStore(
    _ value: UInt64, _ va: UInt64, _ opcode: UInt8, _ code: Code, _ left: Int
  ) -> Bool {
    let va = opcode == MemoryOpcode.stqU ? va & ~7 : va
    guard let access = unsafe aligned(va, opcode, code, left) else { return false }
    return store(value, access)
  }

  /// Reads and takes the reservation on the physical line.
  func loadLocked(_ va: UInt64, _ opcode: UInt8, _ code: Code, _ left: Int) -> UInt64? {
    guard let access = unsafe aligned(va, opcode, code, left),
      let physical = physicalAddress(access, .read),
      let value = loadPhysical(physical, access)
    else { return nil }
    unsafe state.pointee.lockLine = physical & ~63
    return value
  }

  /// Writes if the reservation stands and is on this line, and gives it up. Without a reservation
  /// memory is not accessed, so nothing faults.
  func storeConditional(
    _ value: UInt64, _ va: UInt64, _ opcode: UInt8, _ code: Code, _ left: Int
  ) -> Bool? {
    guard let access = unsafe aligned(va, opcode, code, left) else { return nil }
    let line = unsafe state.pointee.lockLine
    unsafe state.pointee.lockLine = .max
    guard line != .max else { return false }
    guard let physical = physicalAddress(access, .write) else { return nil }
    guard physical & ~63 == line else { return false }
    return storePhysical(value, at: physical, access) ? true : nil
  }

  func hardwareLoad(
    _ type: HardwareAccess, _ address: UInt64, _ code: Code, _ left: Int
  ) -> UInt64? {
    guard var access = unsafe aligned(address, 0x1B, type.byteCount, code, left) else { return nil }
    switch type.kind {
    case .physical, .locked:
      access.isPhysical = true
      guard let value = loadPhysical(address, access) else { return nil }
      if type.kind == .locked { unsafe state.pointee.lockLine = address & ~63 }
      return value
    case .kernelWriteCheck:
      access.user = false
      guard physicalAddress(access, .write) != nil else { return nil }
    case .user:
      access.user = true
    }
    return load(access)
  }

  func hardwareStore(
    _ type: HardwareAccess, _ value: UInt64, _ physical: UInt64, _ code: Code, _ left: Int
  ) -> Bool? {
    guard var access = unsafe aligned(physical, 0x1F, type.byteCount, code, left) else {
      return nil
    }
    if type.kind == .locked {
      let line = unsafe state.pointee.lockLine
      unsafe state.pointee.lockLine = .max
      guard line == physical & ~63 else { return false }
    }
    access.isPhysical = true
    return storePhysical(value, at: physical, access) ? true : nil
  }

  private func aligned(
    _ va: UInt64, _ opcode: UInt8, _ code: Code, _ left: Int
  ) -> SlowAccess? {
    unsafe aligned(va, opcode, MemoryOpcode.byteCount(opcode), code, left)
  }

  /// The access, or nil after the trap for an unaligned address.
  private func aligned(
    _ va: UInt64, _ opcode: UInt8, _ byteCount: Int, _ code: Code, _ left: Int
  ) -> SlowAccess? {
    guard va & UInt64(byteCount &- 1) == 0 else {
      let register = unsafe RegisterIndex.number(of: operation(code).ra)
      unsafe trap(
        .unaligned(va, opcode: UInt64(opcode), register: register), at: code, left: left)
      return nil
    }
    return unsafe SlowAccess(
      va: va, byteCount: byteCount, user: isInUserMode, code: code, left: left)
  }
}

// MARK: - Processor registers with a meaning

extension AlphaCPU {
  /// Computed registers; an unknown number reads zero.
  func readProcessorRegister(_ number: UInt16) -> UInt64 {
    switch ProcessorRegister(rawValue: number) {
    case .virtualTime: time
    case .wallTime: bus.wallTime(cpu: self.number)
    case .alarm: alarm
    case .cycleCounterOffset: IntegerSemantics.long(self[.cycleCounterOffset])
    case .addressSpaceNumber: self[.addressSpaceNumber] | 1 << 63
    default: 0
    }
  }

  /// Registers whose change has consequences; an unknown number is ignored.
  func writeProcessorRegister(_ number: UInt16, _ value: UInt64) {
    switch ProcessorRegister(rawValue: number) {
    case .fen:
      guard self[.fen] != value & 1 else { return }
      self[.fen] = value & 1
      flushJumps()
    case .cycleCounterOffset:
      self[.cycleCounterOffset] = value & 0xFFFF_FFFF
    case .palBase:
      self[.palBase] = value & ~3
    case .pageTableBase:
      self[.pageTableBase] = value
    case .addressSpaceNumber:
      self[.addressSpaceNumber] = value & 0xFF
      selectAddressSpace(value & 0xFF)
    case .alarm:
      alarm = value
      bus.setAlarm(at: value, cpu: self.number)
    case .halt:
      bus.halt(value, cpu: self.number)
    case .wait:
      if unsafe state.pointee.pins == 0 {
        unsafe state.pointee.isWaiting = true
        requestAttention()
      }
    case .invalidateSingle:
      flushTranslation(value)
    case .invalidateAll:
      flushTranslations()
    default:
      break
    }
  }
}
