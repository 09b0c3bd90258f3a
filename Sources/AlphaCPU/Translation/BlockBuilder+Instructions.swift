internal import AlphaISA

// Instructions that programs use: each becomes an operation, or none where it does nothing.
extension BlockBuilder {
  mutating func emit(_ instruction: InstructionWord, following: Bool) {
    guard let operation = Decoder.operation(of: instruction) else {
      return unsafe end(illegalOpcode, immediate: packed(0))
    }
    if operation.isFloat, !key.floatEnabled {
      return unsafe end(floatDisabled, immediate: packed(0))
    }
    if following, fuseCompare(operation, instruction) { return }
    switch instruction.opcode {
    case 0x30...0x3F:
      emitBranch(operation, instruction)
    case _ where operation.isFloat:
      emitFloat(operation, instruction)
    case 0x10...0x13, 0x1C:
      emitOperate(operation, instruction)
    case 0x08...0x0F, 0x28...0x2F:
      emitMemory(operation, instruction)
    case 0x18:
      emitMiscellaneous(operation, instruction)
    case 0x1A:
      emitJump(instruction)
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
      if let handler = unsafe MemoryHandlers.load(operation) {
        // A load to R31 is a prefetch: no access, no trap. LDx_L takes its reservation all the same.
        guard i.ra != 31 || operation == .ldlL || operation == .ldqL else { return }
        unsafe append(
          handler, ra: destination(i.ra), rb: source(i.rb), rc: i.opcode,
          immediate: packed(displacement))
      } else if let handler = unsafe MemoryHandlers.store(operation) {
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
      unsafe end(
        handler, ra: operation.isFloat ? floatSource(i.ra) : source(i.ra), taken: taken)
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
}
