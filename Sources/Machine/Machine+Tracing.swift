internal import AlphaCPU
internal import AlphaISA
internal import DeviceModel

extension Machine {
  /// Connects the CPUs to the trace categories that are enabled.
  func observeCPUs() {
    for cpu in cpus {
      cpu.isSingleStepping = trace.enabled.contains(.instructions)
      guard trace.enabled.contains(.exceptions) else { continue }
      cpu.didEnterPALcode = { [trace, unowned cpu] record in
        trace.trace(.exceptions, Self.describe(record, cpu))
      }
    }
  }

  private static func describe(_ record: PALEntryRecord, _ cpu: AlphaCPU) -> String {
    let name =
      switch record.entry {
      case 0x080: "machine check"
      case 0x100: "interprocessor interrupt"
      case 0x180: "timer interrupt"
      case 0x200: "device interrupt"
      case 0x280: "memory management fault"
      case 0x300: "unaligned access"
      case 0x380: "illegal opcode"
      case 0x400: "arithmetic trap"
      case 0x480: "floating point disabled"
      case 0x1000..<0x2000: "CALL_PAL 0x\(hexadecimal((record.entry - 0x1000) >> 6))"
      default: "CALL_PAL 0x\(hexadecimal((record.entry - 0x2000) >> 6 + 0x80))"
      }
    let arguments = record.arguments
    return "cpu\(cpu.number) \(cpu.instructionCount): \(name), "
      + "EXC_ADDR \(hexadecimal(record.exceptionAddress)), arguments "
      + [arguments.0, arguments.1, arguments.2].map(hexadecimal).joined(separator: " ")
  }

  /// Executes one instruction and traces it with the registers that it changed.
  func traceStep(_ cpu: AlphaCPU) {
    cpu.deliverInterrupt()
    let pc = cpu.pc
    let mode = cpu.isInPALmode ? "pal" : cpu.isInUserMode ? "user" : "kernel"
    let text =
      cpu.currentInstruction.map {
        Disassembler.text(for: InstructionWord(rawValue: $0), at: pc)
      } ?? "(cannot be fetched)"
    let integer = (0..<32).map { cpu[integer: $0] }
    let float = (0..<32).map { cpu[float: $0] }
    let wasPAL = cpu.isInPALmode
    cpu.run(budget: 1)
    var effects: [String] = []
    for number in 0..<31 {
      // Shadow registers swap in and out with the mode; that is no effect of the instruction.
      if wasPAL == cpu.isInPALmode, cpu[integer: number] != integer[number] {
        effects.append("r\(number)=\(hexadecimal(cpu[integer: number]))")
      }
      if cpu[float: number] != float[number] {
        effects.append("f\(number)=\(hexadecimal(cpu[float: number]))")
      }
    }
    trace.trace(
      .instructions,
      "\(cpu.instructionCount) \(mode) \(hexadecimal(pc)): \(text)"
        + (effects.isEmpty ? "" : " ; " + effects.joined(separator: " ")))
  }
}

private func hexadecimal(_ value: UInt64) -> String { String(value, radix: 16) }
