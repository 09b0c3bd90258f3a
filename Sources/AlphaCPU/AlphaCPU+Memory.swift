public import GuestMemory

extension AlphaCPU {
  /// A data access that missed the TLB or needs a look.
  @safe
  struct SlowAccess {
    var va: UInt64
    var byteCount: Int
    var user: Bool
    @unsafe var code: Code
    var left: Int
    /// `va` is a physical address: HW_LD and HW_ST.
    var isPhysical = false
  }

  // MARK: - Translation

  /// The physical address of an access, or the trap that it takes.
  func translate(_ va: UInt64, _ access: Access, user: Bool) -> Result<UInt64, TranslationTrap> {
    guard VirtualAddress.isCanonical(va) else {
      return .failure(TranslationTrap(va: va, code: .accessViolation, access: access))
    }
    if VirtualAddress.isKernelSegment(va) {
      return user
        ? .failure(TranslationTrap(va: va, code: .accessViolation, access: access))
        : .success(VirtualAddress.kernelSegmentPhysical(va))
    }
    let table = PageTable(ram: ram, root: self[.pageTableBase])
    return table.physicalPage(of: va, for: access, user: user)
      .map { $0 | (va & 0x1FFF) }
      .mapError { TranslationTrap(va: va, code: $0, access: access) }
  }

  /// A translation that failed, as entMM reports it.
  struct TranslationTrap: Error {
    var va: UInt64
    var code: MemoryManagementCode
    var access: Access
    var trap: GuestTrap { .memoryManagement(va, code, access) }
  }

  /// The physical address of an instruction, or nil after entering PALcode for the fault.
  func fetchAddress(_ pc: UInt64) -> UInt64? {
    let user = isInUserMode
    if let page = buffers.fetchPage(pc, user: user) { return page | (pc & 0x1FFF) }
    switch translate(pc, .fetch, user: user) {
    case .success(let physical) where ram.contains(PhysicalAddress(physical & ~3), byteCount: 4):
      buffers.insertFetch(pc, user: user, physicalPage: physical & ~0x1FFF)
      return physical
    case .success:
      takeFetchTrap(.machineCheck(pc, isStore: false), pc: pc)
    case .failure(let failure):
      takeFetchTrap(failure.trap, pc: pc)
    }
    return nil
  }

  private func takeFetchTrap(_ trap: GuestTrap, pc: UInt64) {
    unsafe state.pointee.budget &-= 1
    guard !(isInPALmode && pc == self[.palBase] &+ trap.entry) else {
      return stop(
        "PALcode cannot be reached: PALBR is 0x\(String(self[.palBase], radix: 16)), "
          + "and its entry 0x\(String(trap.entry, radix: 16)) cannot be fetched")
    }
    enterPALcode(trap, pc: pc)
  }

  // MARK: - Loads and stores that missed the fast path

  /// Reads at most 8 bytes; nil after a trap. Alignment is checked first: an unaligned access to a
  /// page without translation is unaligned, not a fault.
  func load(_ access: SlowAccess) -> UInt64? {
    guard let physical = physicalAddress(access, .read) else { return nil }
    return loadPhysical(physical, access)
  }

  /// Writes at most 8 bytes; false after a trap.
  func store(_ value: UInt64, _ access: SlowAccess) -> Bool {
    guard let physical = physicalAddress(access, .write) else { return false }
    return storePhysical(value, at: physical, access)
  }

  /// Where an access to a virtual address goes; nil after a trap.
  func physicalAddress(_ access: SlowAccess, _ kind: Access) -> UInt64? {
    switch translate(access.va, kind, user: access.user) {
    case .success(let physical): return physical
    case .failure(let failure):
      unsafe trap(failure.trap, at: access.code, left: access.left)
      return nil
    }
  }

  /// The part of a store behind translation, also for HW_ST to a physical address.
  func storePhysical(_ value: UInt64, at physical: UInt64, _ access: SlowAccess) -> Bool {
    let address = PhysicalAddress(physical)
    if ram.contains(address, byteCount: access.byteCount) {
      if code.holdsCode(page: physical) {
        if code.invalidate(physical, byteCount: access.byteCount) { requestAttention() }
      } else if !access.isPhysical {
        insertTranslation(access, physical, write: true)
      }
      storeRAM(value, physical, access.byteCount)
      return true
    }
    unsafe synchronize(access.code, access.left)
    guard bus.write(address, byteCount: access.byteCount, value: value, cpu: number) else {
      unsafe trap(.machineCheck(access.va, isStore: true), at: access.code, left: access.left)
      return false
    }
    return true
  }

  /// The part of a load behind translation, also for HW_LD of a physical address; nil after a
  /// machine check.
  func loadPhysical(_ physical: UInt64, _ access: SlowAccess) -> UInt64? {
    let address = PhysicalAddress(physical)
    if ram.contains(address, byteCount: access.byteCount) {
      if !access.isPhysical { insertTranslation(access, physical, write: false) }
      return loadRAM(physical, access.byteCount)
    }
    unsafe synchronize(access.code, access.left)
    guard let value = bus.read(address, byteCount: access.byteCount, cpu: number) else {
      unsafe trap(.machineCheck(access.va, isStore: false), at: access.code, left: access.left)
      return nil
    }
    return value
  }

  /// Caches the translation of an access that was allowed and hits RAM.
  private func insertTranslation(_ access: SlowAccess, _ physical: UInt64, write: Bool) {
    let page = physical & ~0x1FFF
    buffers.insert(
      access.va, user: access.user,
      hostPage: unsafe UInt64(UInt(bitPattern: ram.hostBase)) &+ page, physicalPage: page,
      write: write)
  }

  /// Makes ``time`` and ``pc`` exact for what the bus is about to ask: `pc` names the access itself.
  func synchronize(_ code: Code, _ left: Int) {
    let operation = unsafe operation(code)
    unsafe state.pointee.budget = left &+ Int(operation.toGo) &- 1
    unsafe state.pointee.pc = state.pointee.pcPage &+ operation.pageOffset
  }

  private func loadRAM(_ physical: UInt64, _ byteCount: Int) -> UInt64 {
    let source = unsafe ram.hostBase + Int(truncatingIfNeeded: physical)
    return switch byteCount {
    case 1: unsafe UInt64(source.load(as: UInt8.self))
    case 2: unsafe UInt64(source.load(as: UInt16.self))
    case 4: unsafe UInt64(source.load(as: UInt32.self))
    default: unsafe source.load(as: UInt64.self)
    }
  }

  private func storeRAM(_ value: UInt64, _ physical: UInt64, _ byteCount: Int) {
    let target = unsafe ram.hostBase + Int(truncatingIfNeeded: physical)
    switch byteCount {
    case 1: unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
    case 2: unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
    case 4: unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
    default: unsafe target.storeBytes(of: value, as: UInt64.self)
    }
  }
}

extension AlphaCPU: GuestRAMObserver {
  /// A device has written RAM: translated code goes, and so does a reservation on the line.
  public func guestRAMDidChange(at address: PhysicalAddress, byteCount: Int) {
    guard byteCount > 0 else { return }
    var page = address.rawValue & ~0x1FFF
    let end = address.rawValue &+ UInt64(byteCount)
    while page < end {
      if code.holdsCode(page: page) {
        let start = max(page, address.rawValue)
        // The device may have been told to by the running block, which must not go on.
        if code.invalidate(start, byteCount: Int(min(end, page &+ 0x2000) &- start)) {
          requestAttention()
        }
      }
      page &+= 0x2000
    }
    let line = unsafe state.pointee.lockLine
    if line != .max, line < end, address.rawValue < line &+ 64 {
      unsafe state.pointee.lockLine = .max
    }
  }
}
