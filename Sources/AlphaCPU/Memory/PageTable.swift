internal import GuestMemory

/// What an access wants to do, with the number that the memory-management fault reports for it.
enum Access {
  case fetch, read, write

  /// Third argument of the fault: -1 fetch, 0 read, 1 write (OSF/1 entMM a2).
  var faultArgument: UInt64 {
    switch self {
    case .fetch: .max
    case .read: 0
    case .write: 1
    }
  }
}

/// Memory-management fault codes (OSF/1 PALcode, entMM a1).
enum MemoryManagementCode: UInt64, Error {
  case translationNotValid = 0
  case accessViolation = 1
  case faultOnRead = 2
  case faultOnExecute = 3
  case faultOnWrite = 4
}

/// The OSF/1 three-level page tables (Alpha AHB, OSF/1 software, chapter "Memory Management").
struct PageTable {
  /// A page table entry.
  struct Entry {
    var rawValue: UInt64
    var isValid: Bool { rawValue & 1 != 0 }
    var faultsOnRead: Bool { rawValue & 2 != 0 }
    var faultsOnWrite: Bool { rawValue & 4 != 0 }
    var faultsOnExecute: Bool { rawValue & 8 != 0 }
    func mayRead(user: Bool) -> Bool { rawValue & (user ? 1 << 9 : 1 << 8) != 0 }
    func mayWrite(user: Bool) -> Bool { rawValue & (user ? 1 << 13 : 1 << 12) != 0 }
    /// Physical address of the page; PFN bit 30 is PA<43>, I/O space.
    var page: UInt64 { (rawValue >> 32) << 13 }
  }

  let ram: GuestRAM
  /// Physical address of the first-level table.
  let root: UInt64

  /// The physical page of `va`, or why there is none.
  ///
  /// Protection comes before validity at each level, as in DEC's own PALcode: an entry that denies
  /// the access gives ACV even where it is not valid, and ACV overrides the fault-on bits.
  func physicalPage(
    of va: UInt64, for access: Access, user: Bool
  ) -> Result<UInt64, MemoryManagementCode> {
    var table = root
    for shift in [33, 23] as [UInt64] {
      let entry = entry(table, va >> shift)
      guard entry.mayRead(user: false) else { return .failure(.accessViolation) }
      guard entry.isValid else { return .failure(.translationNotValid) }
      table = entry.page
    }
    let entry = entry(table, va >> 13)
    let isAllowed =
      access == .write ? entry.mayWrite(user: user) : entry.mayRead(user: user)
    guard isAllowed else { return .failure(.accessViolation) }
    guard entry.isValid else { return .failure(.translationNotValid) }
    switch access {
    case .fetch where entry.faultsOnExecute: return .failure(.faultOnExecute)
    case .read where entry.faultsOnRead: return .failure(.faultOnRead)
    case .write where entry.faultsOnWrite: return .failure(.faultOnWrite)
    default: return .success(entry.page & 0xFFF_FFFF_E000)
    }
  }

  /// One of the 1024 entries of a table; what lies outside RAM reads as zero, not valid.
  private func entry(_ table: UInt64, _ index: UInt64) -> Entry {
    Entry(rawValue: ram.quadword(at: PhysicalAddress(table | (index & 0x3FF) << 3)) ?? 0)
  }
}

/// The classes of virtual addresses.
enum VirtualAddress {
  /// Whether bits 63:43 repeat bit 42.
  @inline(__always)
  static func isCanonical(_ va: UInt64) -> Bool {
    let top = Int64(bitPattern: va) >> 42
    return top == 0 || top == -1
  }

  /// Whether bits 42:41 select the kernel segment, which bypasses the page tables.
  @inline(__always)
  static func isKernelSegment(_ va: UInt64) -> Bool { va >> 41 == 0x7FFFFE }

  /// VA<39:0> with VA<40> copied to PA<43>.
  @inline(__always)
  static func kernelSegmentPhysical(_ va: UInt64) -> UInt64 {
    (va & 0xFF_FFFF_FFFF) | ((va & (1 << 40)) << 3)
  }
}
