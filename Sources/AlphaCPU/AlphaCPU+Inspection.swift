public import GuestMemory

extension AlphaCPU {
  /// Where a virtual address lies for a read in the present mode; nil where it does not translate.
  /// Nothing changes and nothing is cached.
  public func physicalAddress(of va: UInt64) -> PhysicalAddress? {
    switch translate(va, .read, user: isInUserMode) {
    case .success(let physical): PhysicalAddress(physical)
    case .failure: nil
    }
  }

  /// The instruction word that ``run(budget:)`` would execute at ``pc``, if there is one in RAM. A
  /// translation that the page tables no longer give, and that no TBI has removed, is in force.
  public var currentInstruction: UInt32? {
    guard let address = currentFetchAddress,
      let quadword = ram.quadword(at: PhysicalAddress(address & ~7))
    else { return nil }
    return UInt32(truncatingIfNeeded: quadword >> (address & 4 != 0 ? 32 : 0))
  }

  /// Asks in the order of the engine: jump cache, fetch TLB, page tables.
  private var currentFetchAddress: UInt64? {
    if let block = unsafe jumpCache.block(pc, modeTag: state.pointee.modeTag),
      unsafe CodeCache.instructionCount(block) > 0
    {
      return unsafe CodeCache.key(block).physicalPC
    }
    if let page = buffers.fetchPage(pc, user: isInUserMode) { return page | (pc & 0x1FFF) }
    return try? translate(pc, .fetch, user: isInUserMode).get()
  }
}
