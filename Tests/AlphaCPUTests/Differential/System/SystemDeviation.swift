import AlphaISA

/// What the peer's system emulation (`qemu-system-alpha` 7.2) does differently and is no matter of
/// floating-point operands, for which see ``PeerDeviation``. The generator or the harness keeps it out.
///
/// | Peer | Rule | Ours | Kept out by |
/// |---|---|---|---|
/// | the frame of FEN names the next instruction | the faulting one, which is executed again (AHB II-B, FEN) | `PALmodeTests.floatDisabled` | the harness, by a NOP behind it |
/// | FTOIT, FTOIS need no FEN | they do (AHB 4.10) | `PALmodeTests.floatDisabled` | the generator |
/// | register mask 0 for integer overflow and for operands that trap | the destination (AHB II-B, arithmetic traps) | `OverflowTrapTests` | the harness takes 0 for the destination |
/// | STx_C of an unaligned address without a reservation fails | it traps (AHB 4.2.5) | `UnalignedTests.precedence` | the generator |
/// | of an address' bits 63:42 the lowest may differ | all are equal (HRM 5.3.8, VA<42>) | `PageTableTests.nonCanonical` | the generator |
/// | an entry that is not valid and denies the access: TNV | ACV (AHB II-B, memory management) | `PageTableTests` | the harness's page tables, the generator |
/// | calls executed without PALcode keep the lock flag and the flag of RC and RS | HW_RET clears both (HRM 5.2) | `PALmodeTests`, `LockTests` | the generator |
/// | calls executed without PALcode keep their argument, where palcode-clipper does not | either is right (AHB II-B) | – | the generator |
/// | combinations of floating-point qualifiers that no instruction has execute | OPCDEC (AHB C.1) | `PALmodeTests.illegal` | ``executes(_:)`` |
enum SystemDeviation {
  /// Whether the peer executes a word that is no instruction.
  static func executes(_ word: UInt32) -> Bool {
    let word = InstructionWord(rawValue: word)
    return Operation.allCases.contains {
      let row = InstructionTable.row(of: $0)
      // ITOFx have no qualifiers, and the peer looks at none.
      return row.opcode == word.opcode && row.format == .floatOperate
        && (row.qualifiers != .none || row.opcode == 0x14)
        && row.function & 0x3F == word.floatFunction & 0x3F
    }
  }
}
