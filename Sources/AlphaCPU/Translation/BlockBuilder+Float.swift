internal import AlphaISA

// Instructions that need FEN, but for branches.
extension BlockBuilder {
  mutating func emitFloat(_ operation: Operation, _ i: InstructionWord) {
    if 0x20...0x27 ~= i.opcode {
      let displacement = packed(Int(i.memoryDisplacement))
      if let handler = unsafe MemoryHandlers.load(operation) {
        guard i.ra != 31 else { return }
        unsafe append(
          handler, ra: floatDestination(i.ra), rb: source(i.rb), rc: i.opcode,
          immediate: displacement)
      } else if let handler = unsafe MemoryHandlers.store(operation) {
        unsafe append(
          handler, ra: floatSource(i.ra), rb: source(i.rb), rc: i.opcode,
          immediate: displacement)
      }
      return
    }
    let handler = unsafe FloatHandlers.handler(operation, i.floatQualifiers)
    let toInteger = operation == .ftoit || operation == .ftois
    let fromInteger = operation == .itofs || operation == .itoff || operation == .itoft
    unsafe append(
      handler, ra: fromInteger ? source(i.ra) : floatSource(i.ra), rb: floatSource(i.rb),
      rc: toInteger ? destination(i.rc) : floatDestination(i.rc),
      immediate: packed(FloatUnit.selector(operation, i.floatQualifiers)))
  }
}
