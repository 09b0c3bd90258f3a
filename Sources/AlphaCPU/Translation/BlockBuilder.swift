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
  private(set) var word = 0
  private var toGo: UInt8 = 0
  private var hasEnded = false
  /// Where a taken branch goes, in words relative to the page.
  private var takenWord: Int?

  init(key: BlockKey, ram: GuestRAM, target: UnsafeMutableRawPointer) {
    self.key = key
    self.ram = ram
    unsafe self.target = target
  }

  var inPALmode: Bool { key.mode == .pal }

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
      emit(instruction(word), following: index + 2 == count)
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

  func instruction(_ word: Int) -> InstructionWord {
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
      return word.opcode >= 0x30 || (operation.isFloat && !key.floatEnabled)
    }
  }

  // MARK: - Appending

  mutating func append(_ operation: DecodedOperation) {
    unsafe target.storeBytes(of: operation, toByteOffset: cursor, as: DecodedOperation.self)
    cursor += DecodedOperation.size
  }

  mutating func append(
    _ handler: Handler, ra: UInt8 = RegisterIndex.sink, rb: UInt8 = 31,
    rc: UInt8 = RegisterIndex.sink, immediate: Int32 = 0
  ) {
    unsafe append(
      DecodedOperation(
        handler: handler, ra: ra, rb: rb, rc: rc, toGo: toGo, immediate: immediate))
  }

  /// The last operation of the block.
  mutating func end(
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
      of: BlockHeader(key: key.rawValue, count: 0, word: 0), toByteOffset: cursor,
      as: BlockHeader.self)
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

  func source(_ number: UInt8) -> UInt8 {
    RegisterIndex.integer(Int(number), inPALmode: inPALmode)
  }

  func destination(_ number: UInt8) -> UInt8 {
    number == 31 ? RegisterIndex.sink : source(number)
  }

  func floatSource(_ number: UInt8) -> UInt8 { RegisterIndex.float + number }

  func floatDestination(_ number: UInt8) -> UInt8 {
    number == 31 ? RegisterIndex.sink : RegisterIndex.float + number
  }

  func packed(_ operand: Int) -> Int32 { DecodedOperation.packed(operand, word: word) }

  /// Byte offset behind this instruction in its page: what a link register gets.
  var linkOffset: Int32 { Int32(word * 4 + 4) }
}
