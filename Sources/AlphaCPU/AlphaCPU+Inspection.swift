public import GuestMemory

extension AlphaCPU {
  /// Where a virtual address lies for a read or, with `execute`, a fetch in the present mode; nil
  /// where it does not translate. Nothing changes and nothing is cached.
  public func physicalAddress(of va: UInt64, execute: Bool = false) -> PhysicalAddress? {
    switch translate(va, execute ? .fetch : .read, user: isInUserMode) {
    case .success(let physical): PhysicalAddress(physical)
    case .failure: nil
    }
  }

  /// The instruction word at ``pc``, if it can be fetched from RAM.
  public var currentInstruction: UInt32? {
    guard let address = physicalAddress(of: pc, execute: true),
      let quadword = ram.quadword(at: PhysicalAddress(address.rawValue & ~7))
    else { return nil }
    return UInt32(truncatingIfNeeded: quadword >> (address.rawValue & 4 != 0 ? 32 : 0))
  }
}
