internal import AlphaISA
internal import GuestMemory

/// Turns guest instructions into one block of operations.
///
/// A block is a header, operations, and behind the last one its link and two stubs that stand for
/// successors not known yet. It never leaves a page and ends at the first instruction that may go
/// elsewhere, change the mode, or trap for certain.
@safe
struct BlockBuilder {
  static let maximumInstructions = 96
  /// Header, operations with a fall-through, link, and a header and operation for each stub.
  static let maximumByteCount =
    BlockHeader.size + (maximumInstructions + 1) * DecodedOperation.size + BlockLink.size
    + 2 * (BlockHeader.size + DecodedOperation.size)

  let key: BlockKey
  let ram: GuestRAM
  @unsafe let target: UnsafeMutableRawPointer
  private var cursor: Int = BlockHeader.size
  /// Word number in the page of the instruction being decoded.
  private var word = 0
  private var toGo: UInt8 = 0
  private var hasEnded = false
  /// Where a taken branch goes, in words relative to the page.
  private var takenWord: Int?

  init(key: BlockKey, ram: GuestRAM, target: UnsafeMutableRawPointer) {
    self.key = key
    self.ram = ram
    unsafe self.target = target
  }

  private var inPALmode: Bool { key.mode == .pal }

  /// Builds the block; answers how many guest instructions and bytes it has.
  mutating func build(limit: Int) -> (count: Int, byteCount: Int) {
    let firstWord = Int(key.physicalPC & 0x1FFF) / 4
    let count = countInstructions(from: firstWord, limit: limit)
    unsafe target.storeBytes(
      of: BlockHeader(key: key.rawValue, count: UInt32(count), word: UInt32(firstWord)),
      as: BlockHeader.self)
    for index in 0..<count where !hasEnded {
      word = firstWord + index
      toGo = UInt8(count - index)
      let start = cursor
      emit(instruction(word), isLast: index == count - 1, following: index + 2 == count)
      // A fused handler executes the operation behind it too, which is decoded all the same.
      if index + 1 < count, !hasEnded, cursor == start + DecodedOperation.size,
        let handler = unsafe FusedHandlers.handler(instruction(word), instruction(word + 1))
      {
        unsafe target.storeBytes(of: handler, toByteOffset: start, as: Handler.self)
      }
    }
    if !hasEnded {
      word = firstWord + count - 1
      unsafe append(fallThrough)
    }
    appendLinks(fallWord: firstWord + count)
    return (count, cursor)
  }

  private func instruction(_ word: Int) -> InstructionWord {
    let address = (key.physicalPC & ~0x1FFF) + UInt64(word) * 4
    let value = unsafe ram.hostBase.load(fromByteOffset: Int(address), as: UInt32.self)
    return InstructionWord(rawValue: value)
  }

  /// How many instructions the block takes: up to and with the first that ends it.
  private func countInstructions(from firstWord: Int, limit: Int) -> Int {
    let available = min(limit, Self.maximumInstructions, 2048 - firstWord)
    for index in 0..<available where endsBlock(instruction(firstWord + index)) {
      return index + 1
    }
    return available
  }

  /// Whether nothing of the block can come behind this instruction.
  private func endsBlock(_ word: InstructionWord) -> Bool {
    guard let operation = Decoder.operation(of: word) else { return true }
    switch operation {
    case .callPAL, .hwRET, .jmp, .jsr, .ret, .jsrCoroutine: return true
    case .hwMFPR, .hwLD, .hwST: return !inPALmode || !isAssigned(operation, word)
    case .hwMTPR: return !inPALmode || !isPlain(word.processorRegister)
    default:
      return word.opcode >= 0x30 || (needsFloat(word, operation) && !key.floatEnabled)
    }
  }

  // MARK: - Appending

  private mutating func append(_ operation: DecodedOperation) {
    unsafe target.storeBytes(of: operation, toByteOffset: cursor, as: DecodedOperation.self)
    cursor += DecodedOperation.size
  }

  private mutating func append(
    _ handler: Handler, ra: UInt8 = RegisterIndex.sink, rb: UInt8 = 31,
    rc: UInt8 = RegisterIndex.sink, immediate: Int32 = 0
  ) {
    unsafe append(
      DecodedOperation(
        handler: handler, ra: ra, rb: rb, rc: rc, toGo: toGo, immediate: immediate))
  }

  /// The last operation of the block.
  private mutating func end(
    _ handler: Handler, ra: UInt8 = 31, rb: UInt8 = 31, rc: UInt8 = RegisterIndex.sink,
    immediate: Int32 = 0, taken: Int? = nil
  ) {
    unsafe append(handler, ra: ra, rb: rb, rc: rc, immediate: immediate)
    takenWord = taken
    hasEnded = true
  }

  private mutating func appendLinks(fallWord: Int) {
    let link = cursor
    cursor += BlockLink.size
    let taken = appendStub(takenWord ?? fallWord, slot: link)
    let fall = appendStub(fallWord, slot: link + BlockLink.fallOffset)
    unsafe target.storeBytes(
      of: BlockLink(taken: target + taken, fall: target + fall), toByteOffset: link,
      as: BlockLink.self)
  }

  /// A stand-in for a successor; answers its offset.
  private mutating func appendStub(_ word: Int, slot: Int) -> Int {
    unsafe target.storeBytes(
      of: BlockHeader(key: 0, count: 0, word: 0), toByteOffset: cursor, as: BlockHeader.self)
    cursor += BlockHeader.size
    let offset = cursor
    if 0..<2048 ~= word {
      toGo = UInt8(offset - slot)
      unsafe append(linkStub, immediate: Int32(word))
    } else {
      toGo = 0
      unsafe append(crossPage, immediate: Int32(word * 4))
    }
    return offset
  }

  // MARK: - Operands

  private func source(_ number: UInt8) -> UInt8 {
    RegisterIndex.integer(Int(number), inPALmode: inPALmode)
  }

  private func destination(_ number: UInt8) -> UInt8 {
    number == 31 ? RegisterIndex.sink : source(number)
  }

  private func floatSource(_ number: UInt8) -> UInt8 { RegisterIndex.float + number }

  private func floatDestination(_ number: UInt8) -> UInt8 {
    number == 31 ? RegisterIndex.sink : RegisterIndex.float + number
  }

  private func packed(_ operand: Int) -> Int32 { DecodedOperation.packed(operand, word: word) }

  /// Byte offset behind this instruction in its page: what a link register gets.
  private var linkOffset: Int32 { Int32(word * 4 + 4) }

  // MARK: - Instructions

  private mutating func emit(_ instruction: InstructionWord, isLast: Bool, following: Bool) {
    guard let operation = Decoder.operation(of: instruction) else {
      return unsafe end(illegalOpcode, immediate: packed(0))
    }
    if needsFloat(instruction, operation), !key.floatEnabled {
      return unsafe end(floatDisabled, immediate: packed(0))
    }
    if following, fuseCompare(operation, instruction) { return }
    switch instruction.opcode {
    case 0x14...0x17, 0x20...0x27,
      0x1C where needsFloat(instruction, operation):
      emitFloat(operation, instruction)
    case 0x10...0x13, 0x1C:
      emitOperate(operation, instruction)
    case 0x08...0x0F, 0x28...0x2F:
      emitMemory(operation, instruction)
    case 0x18:
      emitMiscellaneous(operation, instruction)
    case 0x1A:
      emitJump(instruction)
    case 0x30...0x3F:
      emitBranch(operation, instruction)
    default:
      emitPAL(operation, instruction)
    }
  }

  private mutating func emitOperate(_ operation: Operation, _ i: InstructionWord) {
    let ra = source(i.ra)
    let rb = source(i.rb)
    let rc = destination(i.rc)
    if let handlers = unsafe IntegerHandlers.trapping(operation) {
      // The result may be dropped, the trap may not.
      if i.isLiteral {
        unsafe append(handlers.literal, ra: ra, rc: rc, immediate: packed(Int(i.literal)))
      } else {
        unsafe append(handlers.register, ra: ra, rb: rb, rc: rc, immediate: packed(0))
      }
      return
    }
    guard i.rc != 31 else { return }
    switch (operation, i.isLiteral) {
    case (.bis, true) where i.ra == 31:
      unsafe append(loadImmediate, rc: rc, immediate: Int32(i.literal))
    case (.bis, false) where i.ra == 31 || i.ra == i.rb:
      unsafe append(move, rb: rb, rc: rc)
    case (.bis, false) where i.rb == 31:
      unsafe append(move, rb: ra, rc: rc)
    case (.addq, true):
      unsafe append(addImmediate, rb: ra, rc: rc, immediate: Int32(i.literal))
    case (.subq, true):
      unsafe append(addImmediate, rb: ra, rc: rc, immediate: -Int32(i.literal))
    case (.zapnot, true) where i.literal <= 0x0F:
      let mask = UInt32(truncatingIfNeeded: IntegerSemantics.byteMask(UInt64(i.literal)))
      unsafe append(andMask, ra: ra, rc: rc, immediate: Int32(bitPattern: mask))
    case (.amask, _):
      emitAMASK(i, rc)
    case (.implver, _):
      unsafe append(
        loadImmediate, rc: rc, immediate: Int32(IntegerSemantics.implementationVersion))
    default:
      guard
        let handlers = unsafe OperateHandlers.pair(operation)
          ?? IntegerHandlers.conditionalMove(operation)
      else { return unsafe end(illegalOpcode, immediate: packed(0)) }
      if i.isLiteral {
        unsafe append(handlers.literal, ra: ra, rc: rc, immediate: Int32(i.literal))
      } else {
        unsafe append(handlers.register, ra: ra, rb: rb, rc: rc)
      }
    }
  }

  /// AMASK clears the bits of the features that this CPU has.
  private mutating func emitAMASK(_ i: InstructionWord, _ rc: UInt8) {
    if i.isLiteral {
      let value = UInt64(i.literal) & ~IntegerSemantics.features
      unsafe append(loadImmediate, rc: rc, immediate: Int32(value))
    } else {
      unsafe append(maskFeatures, rb: source(i.rb), rc: rc)
    }
  }

  private mutating func emitMemory(_ operation: Operation, _ i: InstructionWord) {
    let displacement = Int(i.memoryDisplacement)
    switch operation {
    case .lda, .ldah:
      guard i.ra != 31 else { return }
      let immediate = Int32(operation == .lda ? displacement : displacement << 16)
      if i.rb == 31 {
        unsafe append(loadImmediate, rc: destination(i.ra), immediate: immediate)
      } else {
        unsafe append(
          addImmediate, rb: source(i.rb), rc: destination(i.ra), immediate: immediate)
      }
    default:
      if let handler = unsafe IntegerHandlers.load(operation) {
        // A load to R31 is a prefetch: no access, no trap. LDx_L takes its reservation all the same.
        guard i.ra != 31 || operation == .ldlL || operation == .ldqL else { return }
        unsafe append(
          handler, ra: destination(i.ra), rb: source(i.rb), rc: i.opcode,
          immediate: packed(displacement))
      } else if let handler = unsafe IntegerHandlers.store(operation) {
        let isConditional = operation == .stlC || operation == .stqC
        unsafe append(
          handler, ra: isConditional ? destination(i.ra) : source(i.ra), rb: source(i.rb),
          rc: i.opcode, immediate: packed(displacement))
      }
    }
  }

  private mutating func emitMiscellaneous(_ operation: Operation, _ i: InstructionWord) {
    switch operation {
    case .rpcc where i.ra != 31: unsafe append(readCycleCounter, rc: destination(i.ra))
    case .rc: unsafe append(exchangeInterruptFlag, rc: destination(i.ra), immediate: 0)
    case .rs: unsafe append(exchangeInterruptFlag, rc: destination(i.ra), immediate: 1)
    default: break  // Barriers and hints: traps are precise and memory is in order.
    }
  }

  private mutating func emitJump(_ i: InstructionWord) {
    if i.ra == 31 {
      unsafe end(jmp, rb: source(i.rb))
    } else {
      unsafe end(jsr, rb: source(i.rb), rc: destination(i.ra), immediate: linkOffset)
    }
  }

  private mutating func emitBranch(_ operation: Operation, _ i: InstructionWord) {
    let taken = word + 1 + Int(i.branchDisplacement)
    switch operation {
    case .br, .bsr:
      if i.ra == 31 {
        unsafe end(br, taken: taken)
      } else {
        unsafe end(bsr, rc: destination(i.ra), immediate: linkOffset, taken: taken)
      }
    default:
      guard let handler = unsafe BranchHandlers.branch(operation) else { return }
      let isFloat = [0x31, 0x32, 0x33, 0x35, 0x36, 0x37].contains(i.opcode)
      unsafe end(handler, ra: isFloat ? floatSource(i.ra) : source(i.ra), taken: taken)
    }
  }

  /// A compare whose flag the next instruction, the block's last, branches on becomes one operation.
  private mutating func fuseCompare(_ operation: Operation, _ i: InstructionWord) -> Bool {
    let branch = instruction(word + 1)
    guard i.opcode == 0x10, i.rc != 31, branch.ra == i.rc,
      let branchOperation = Decoder.operation(of: branch),
      let handlers = unsafe BranchHandlers.compareAndBranch(operation, branchOperation)
    else { return false }
    let taken = word + 2 + Int(branch.branchDisplacement)
    if i.isLiteral {
      unsafe end(
        handlers.literal, ra: source(i.ra), rc: destination(i.rc), immediate: Int32(i.literal),
        taken: taken)
    } else {
      unsafe end(
        handlers.register, ra: source(i.ra), rb: source(i.rb), rc: destination(i.rc),
        taken: taken)
    }
    return true
  }

  // MARK: - PALmode

  private mutating func emitPAL(_ operation: Operation, _ i: InstructionWord) {
    if operation == .callPAL {
      let function = i.palFunction
      guard let offset = PALEntry.offset(ofCall: function), function >= 0x80 || key.mode != .user
      else { return unsafe end(illegalOpcode, immediate: packed(0)) }
      return unsafe end(callPAL, immediate: packed(Int(offset)))
    }
    guard inPALmode, isAssigned(operation, i) else {
      return unsafe end(illegalOpcode, immediate: packed(0))
    }
    switch operation {
    case .hwRET:
      let exceptionAddress =
        RegisterIndex.processor + UInt8(ProcessorRegister.exceptionAddress.rawValue)
      unsafe end(hwRET, rb: i.rb == 31 ? exceptionAddress : source(i.rb))
    case .hwMFPR:
      guard i.ra != 31 else { return }
      if let index = plainIndex(i.processorRegister) {
        unsafe append(move, rb: index, rc: destination(i.ra))
      } else {
        unsafe append(
          hwMFPR, ra: destination(i.ra), immediate: packed(Int(i.processorRegister)))
      }
    case .hwMTPR:
      if i.processorRegister == ProcessorRegister.ps.rawValue {
        // It takes effect with HW_RET: PALmode has its own mode and no interrupts.
        unsafe append(
          andMask, ra: source(i.rb), rc: RegisterIndex.processor + UInt8(i.processorRegister),
          immediate: 0xF)
      } else if isPlain(i.processorRegister), let index = plainIndex(i.processorRegister) {
        unsafe append(move, rb: source(i.rb), rc: index)
      } else {
        unsafe end(
          hwMTPR, rb: source(i.rb), immediate: packed(Int(i.processorRegister)))
      }
    default:
      emitHardwareAccess(operation, i)
    }
  }

  private mutating func emitHardwareAccess(_ operation: Operation, _ i: InstructionWord) {
    let handler =
      operation == .hwLD
      ? unsafe PALHandlers.load(i.hardwareType) : unsafe PALHandlers.store(i.hardwareType)
    guard let handler = unsafe handler else { return }
    unsafe append(
      handler, ra: destination(i.ra), rb: source(i.rb), rc: i.hardwareType,
      immediate: packed(Int(i.hardwareDisplacement)))
  }

  /// Whether the access type of HW_LD or HW_ST exists.
  private func isAssigned(_ operation: Operation, _ i: InstructionWord) -> Bool {
    switch operation {
    case .hwLD: unsafe PALHandlers.load(i.hardwareType) != nil
    case .hwST: unsafe PALHandlers.store(i.hardwareType) != nil
    default: true
    }
  }

  /// Whether HW_MTPR to this register has no effect on the instructions behind it.
  private func isPlain(_ number: UInt16) -> Bool {
    switch number {
    case 0, 3...6, 9...12, 32...39, 40...63: true
    default: false
    }
  }

  /// Where a processor register that is plain to read lies in the register file.
  private func plainIndex(_ number: UInt16) -> UInt8? {
    switch number {
    case 0, 1, 3...12, 40...63: RegisterIndex.processor + UInt8(number)
    case 32...38: UInt8(number) - 32 + 8
    case 39: 25
    default: nil
    }
  }

  // MARK: - Floating point

  /// FTOIx, ITOFx, and everything of opcodes 14 to 17, loads, stores and branches need FEN.
  private func needsFloat(_ word: InstructionWord, _ operation: Operation) -> Bool {
    switch word.opcode {
    case 0x14...0x17, 0x20...0x27, 0x31...0x33, 0x35...0x37: true
    case 0x1C: operation == .ftoit || operation == .ftois
    default: false
    }
  }

  private mutating func emitFloat(_ operation: Operation, _ i: InstructionWord) {
    if 0x20...0x27 ~= i.opcode {
      let displacement = packed(Int(i.memoryDisplacement))
      if let handler = unsafe IntegerHandlers.load(operation) {
        guard i.ra != 31 else { return }
        unsafe append(
          handler, ra: floatDestination(i.ra), rb: source(i.rb), rc: i.opcode,
          immediate: displacement)
      } else if let handler = unsafe IntegerHandlers.store(operation) {
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
      immediate: packed(FloatUnit.selector(opcode: i.opcode, function: i.floatFunction)))
  }
}
