internal import GuestMemory

/// The address kinds of HW_LD and HW_ST.
enum HardwareAccess {
  /// Physical address.
  case physical
  /// Physical address, load-locked or store-conditional.
  case locked
  /// Virtual address in kernel mode; write access is checked too.
  case kernelWriteCheck
  /// Virtual address with the checks of user mode.
  case user
}

/// The slow paths that handlers call. Each returns nil or false after a trap.
extension AlphaCPU {
  func slowLoad(
    va: UInt64, byteCount: Int, opcode: UInt64, _ code: Code, _ left: Int
  ) -> UInt64? {
    let va = opcode == 0x0B ? va & ~7 : va
    guard unsafe checkAlignment(va, byteCount, opcode, code, left) else { return nil }
    return unsafe load(access(va, byteCount, code, left))
  }

  func slowStore(
    _ value: UInt64, va: UInt64, byteCount: Int, opcode: UInt64, _ code: Code, _ left: Int
  ) -> Bool {
    let va = opcode == 0x0F ? va & ~7 : va
    guard unsafe checkAlignment(va, byteCount, opcode, code, left) else { return false }
    return unsafe store(value, access(va, byteCount, code, left))
  }

  /// Reads and takes the reservation on the physical line.
  func loadLocked(
    va: UInt64, byteCount: Int, opcode: UInt64, _ code: Code, _ left: Int
  ) -> UInt64? {
    guard unsafe checkAlignment(va, byteCount, opcode, code, left) else { return nil }
    let access = unsafe access(va, byteCount, code, left)
    guard let value = load(access) else { return nil }
    if case .success(let physical) = translate(va, .read, user: access.user) {
      unsafe state.pointee.lockLine = physical & ~63
    }
    return value
  }

  /// Writes if the reservation stands and is on this line, and gives it up. Without a reservation
  /// memory is not accessed, so nothing faults.
  func storeConditional(
    _ value: UInt64, va: UInt64, byteCount: Int, opcode: UInt64, _ code: Code, _ left: Int
  ) -> Bool? {
    guard unsafe checkAlignment(va, byteCount, opcode, code, left) else { return nil }
    let line = unsafe state.pointee.lockLine
    unsafe state.pointee.lockLine = .max
    guard line != .max else { return false }
    let access = unsafe access(va, byteCount, code, left)
    switch translate(va, .write, user: access.user) {
    case .failure(let failure):
      unsafe trap(failure.trap, at: code, left: left)
      return nil
    case .success(let physical):
      guard physical & ~63 == line else { return false }
      return storePhysical(value, at: physical, access) ? true : nil
    }
  }

  func hardwareLoad(
    _ kind: HardwareAccess, _ address: UInt64, byteCount: Int, _ code: Code, _ left: Int
  ) -> UInt64? {
    guard unsafe checkAlignment(address, byteCount, 0x1B, code, left) else { return nil }
    var access = unsafe access(address, byteCount, code, left)
    switch kind {
    case .physical, .locked:
      guard let value = loadPhysical(address, access) else { return nil }
      if kind == .locked { unsafe state.pointee.lockLine = address & ~63 }
      return value
    case .kernelWriteCheck:
      if case .failure(let failure) = translate(address, .write, user: false) {
        unsafe trap(failure.trap, at: code, left: left)
        return nil
      }
      access.user = false
    case .user:
      access.user = true
    }
    return load(access)
  }

  func hardwareStore(
    _ kind: HardwareAccess, _ value: UInt64, _ physical: UInt64, byteCount: Int,
    _ code: Code, _ left: Int
  ) -> Bool? {
    guard unsafe checkAlignment(physical, byteCount, 0x1F, code, left) else { return nil }
    if kind == .locked {
      let line = unsafe state.pointee.lockLine
      unsafe state.pointee.lockLine = .max
      guard line == physical & ~63 else { return false }
    }
    var access = unsafe access(physical, byteCount, code, left)
    access.isPhysical = true
    return storePhysical(value, at: physical, access) ? true : nil
  }

  private func access(
    _ va: UInt64, _ byteCount: Int, _ code: Code, _ left: Int
  ) -> SlowAccess {
    unsafe SlowAccess(va: va, byteCount: byteCount, user: isInUserMode, code: code, left: left)
  }

  private func checkAlignment(
    _ va: UInt64, _ byteCount: Int, _ opcode: UInt64, _ code: Code, _ left: Int
  ) -> Bool {
    guard va & UInt64(byteCount &- 1) != 0 else { return true }
    let register = unsafe RegisterIndex.number(of: operation(code).ra)
    unsafe trap(.unaligned(va, opcode: opcode, register: register), at: code, left: left)
    return false
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
    default: 0
    }
  }

  /// Registers whose change has consequences; an unknown number is ignored.
  func writeProcessorRegister(_ number: UInt16, _ value: UInt64) {
    switch ProcessorRegister(rawValue: number) {
    case .ps:
      self[.ps] = value & 0xF
    case .fen:
      guard self[.fen] != value & 1 else { return }
      self[.fen] = value & 1
      jumpCache.flush()
    case .cycleCounterOffset:
      self[.cycleCounterOffset] = value & 0xFFFF_FFFF
    case .palBase:
      self[.palBase] = value & ~0x7FFF
    case .pageTableBase:
      self[.pageTableBase] = value
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
      buffers.flush(value)
      jumpCache.flush()
    case .invalidateAll:
      flushTranslations()
    default:
      break
    }
  }
}
