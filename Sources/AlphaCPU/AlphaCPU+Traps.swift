extension AlphaCPU {
  /// Enters PALcode for an event of the instruction at `pc`.
  func enterPALcode(_ trap: GuestTrap, pc: UInt64) {
    if let value = trap.arguments.0 { self[.trapArgument0] = value }
    if let value = trap.arguments.1 { self[.trapArgument1] = value }
    if let value = trap.arguments.2 { self[.trapArgument2] = value }
    enterPALcode(at: trap.entry, returningTo: trap.resumesBehind ? pc &+ 4 : pc)
  }

  /// EXC_ADDR takes the return address and the old PALmode bit; PS and the registers stay.
  private func enterPALcode(at entry: UInt64, returningTo address: UInt64) {
    self[.exceptionAddress] = address | (isInPALmode ? 1 : 0)
    setMode(.pal)
    unsafe state.pointee.pc = self[.palBase] &+ entry
    unsafe state.pointee.linkSite = nil
    if let didEnterPALcode {
      didEnterPALcode(
        PALEntryRecord(
          entry: entry, exceptionAddress: self[.exceptionAddress],
          arguments: (self[.trapArgument0], self[.trapArgument1], self[.trapArgument2])))
    }
  }

  /// Whether an asserted pin may interrupt at the present IPL (b_irq1 below 4, b_irq2 below 5,
  /// b_irq3 below 6, b_irq0 below 7), and the entry of the most urgent one. Never in PALmode.
  var deliverableInterrupt: UInt64? {
    let pins = unsafe state.pointee.pins
    guard pins != 0, !isInPALmode else { return nil }
    let level = self[.ps] & 7
    let asserted = InterruptPin(rawValue: pins)
    if asserted.contains(.error), level < 7 { return PALEntry.machineCheck }
    if asserted.contains(.interprocessor), level < 6 { return PALEntry.interprocessorInterrupt }
    if asserted.contains(.timer), level < 5 { return PALEntry.timerInterrupt }
    if asserted.contains(.device), level < 4 { return PALEntry.deviceInterrupt }
    return nil
  }

  /// Enters PALcode for an interrupt, if one is requested and not blocked, as ``run(budget:)`` does
  /// before the next instruction: a trace asks for it to see which one that is.
  public func deliverInterrupt() {
    guard let entry = deliverableInterrupt else { return }
    if entry == PALEntry.machineCheck {
      self[.trapArgument0] = 0
      self[.trapArgument1] = 2
    }
    unsafe enterPALcode(at: entry, returningTo: state.pointee.pc)
  }

  /// A trap of the operation at `code` in the running block: accounts for the instructions before
  /// it and for the exception itself, and leaves the threaded code.
  func trap(_ trap: GuestTrap, at code: Code, left: Int) {
    let operation = unsafe operation(code)
    unsafe state.pointee.budget = left &+ Int(operation.toGo) &- 1
    unsafe enterPALcode(trap, pc: state.pointee.pcPage &+ operation.pageOffset)
  }
}
