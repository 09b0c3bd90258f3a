import AlphaCPU
import AlphaISA
import Foundation
import GuestMemory

/// A bus with nothing but a serial port, which is all that firmware needs to start the harness, and the
/// alarm clock that it may wait for.
final class SerialBus: CPUBus {
  private static let com1: UInt64 = 0x801_FC00_03F8
  private static let misc: UInt64 = 0x801_A000_0080
  private(set) var output: [UInt8] = []
  private(set) var isHalted = false
  private(set) var alarm: UInt64 = 0
  /// LCR<7>: what is written to the transmitter is the divisor.
  private var isDivisor = false
  /// Called when the clock interrupt is acknowledged.
  var didAcknowledge: () -> Void = {}

  func read(_ address: PhysicalAddress, byteCount: Int, cpu: Int) -> UInt64? {
    switch address.rawValue {
    case Self.com1 + 5: 0x60  // LSR: the transmitter is empty.
    case 0x801_FE00_0000...0x801_FEFF_FFFF: .max  // No PCI function answers.
    default: 0
    }
  }

  func write(_ address: PhysicalAddress, byteCount: Int, value: UInt64, cpu: Int) -> Bool {
    switch address.rawValue {
    case Self.com1 where !isDivisor: output.append(UInt8(truncatingIfNeeded: value))
    case Self.com1 + 3: isDivisor = value & 0x80 != 0
    case Self.misc where value & 0x10 != 0: didAcknowledge()
    default: break
    }
    return true
  }

  func wallTime(cpu: Int) -> UInt64 { 0 }
  func setAlarm(at time: UInt64, cpu: Int) { alarm = time }
  func halt(_ value: UInt64, cpu: Int) { isHalted = true }
}

/// The harness with a batch of programs on our engine, under our firmware or another.
final class SystemRun {
  static let ramByteCount: UInt64 = 64 << 20
  /// Our firmware and, where it is installed, the peer's.
  static let firmware =
    [builtFile("breakwater-palcode.elf")]
    + [URL(fileURLWithPath: "/usr/share/qemu/palcode-clipper")]
    .filter { FileManager.default.fileExists(atPath: $0.path) }
  static let harness = builtFile("differential.elf")
  private static let kernelSegment: UInt64 = 0xFFFF_FC00_0000_0000
  private static let parameters: UInt64 = 0x30_A000
  private static let rti: UInt64 = 0x1000 + 0x3F * 64

  let ram: GuestRAM
  let bus = SerialBus()
  let cpu: AlphaCPU
  private let programCount: Int

  init(_ programs: [SystemProgram], verbose: Bool = false, firmware: URL = firmware[0]) throws {
    programCount = programs.count
    ram = try GuestRAM(byteCount: Self.ramByteCount)
    cpu = AlphaCPU(number: 0, ram: ram, bus: bus)
    bus.didAcknowledge = { [weak cpu] in cpu?.drive(.timer, false) }
    let start = try load(firmware)
    let kernel = try load(Self.harness)
    let batch = SystemProgram.batch(programs, verbose: verbose)
    let address = (Self.ramByteCount - UInt64(batch.count)) & ~0x1FFF
    _ = ram.write(PhysicalAddress(address), from: batch.span)
    ram.setQuadword(Self.kernelSegment + address, at: PhysicalAddress(Self.parameters + 0x100))
    ram.setQuadword(UInt64(batch.count), at: PhysicalAddress(Self.parameters + 0x108))
    cpu.reset(pc: start, arguments: (Self.ramByteCount, kernel, 1 | 1 << 6))
  }

  /// What the harness prints, from its first line on.
  func output() throws -> [String] {
    while try !hasEnded() { cpu.run(budget: 1_000_000) }
    return try Peer.harnessLines(bus.output)
  }

  /// Throws if it will never end.
  private func hasEnded() throws -> Bool {
    if bus.isHalted { return true }
    let bound = 20_000_000 + 2_000_000 * UInt64(programCount)
    if cpu.isWaiting, bus.alarm != 0 {
      cpu.skip(to: bus.alarm)
      cpu.drive(.timer, true)
    }
    guard cpu.deadEnd == nil, !cpu.isWaiting, cpu.instructionCount < bound else {
      let place = cpu.deadEnd ?? "PC 0x" + String(cpu.pc, radix: 16)
      throw Peer.Failure(description: "our engine does not end: \(place)")
    }
    return false
  }

  /// A program without what the peer does differently: runs it one instruction at a time, and
  /// replaces such an instruction just before it executes.
  static func leavingOut(
    _ program: SystemProgram, _ deviations: [PeerDeviation]
  ) throws -> (program: SystemProgram, leftOut: UInt64) {
    guard program.hasArithmetic else { return (program, 0) }
    let run = try SystemRun([program], firmware: program.firmware)
    var leftOut: UInt64 = 0
    var result = program
    let locations = program.locations
    var entry: UInt64?
    run.cpu.didEnterPALcode = { [weak cpu = run.cpu] in
      entry = $0.entry
      cpu?.requestAttention()
    }
    while try !run.hasEnded() {
      entry = nil
      run.cpu.run(budget: 1_000_000)
      guard entry == rti else { continue }
      // Until the harness is back, which runs in KSEG.
      while try !run.hasEnded(), run.cpu.isInPALmode || run.cpu.pc < kernelSegment {
        let index = Int(truncatingIfNeeded: run.cpu.pc &- SystemProgram.code) / 4
        if !run.cpu.isInPALmode, run.cpu[.fen] & 1 != 0, locations.indices.contains(index) {
          let word = InstructionWord(rawValue: result[locations[index]])
          let state = run.cpu.save()
          if FloatCase.isArithmetic(word),
            let replacement = FloatCase.replacement(
              for: word, registers: state.float, fpcr: state.fpcr, deviations)
          {
            leftOut += 1
            result[locations[index]] = replacement
            var bytes = LittleEndianBytes()
            bytes.append(replacement, byteCount: 4)
            let address = SystemProgram.codePhysical + 4 * UInt64(index)
            _ = run.ram.write(PhysicalAddress(address), from: bytes.bytes.span)
          }
        }
        run.cpu.run(budget: 1)
      }
    }
    return (result, leftOut)
  }

  /// Loads an executable into memory and gives its entry.
  private func load(_ file: URL) throws -> UInt64 {
    let bytes = [UInt8](try Data(contentsOf: file))
    func number(_ offset: Int, _ byteCount: Int) -> UInt64 {
      ReferenceALU.join(bytes[offset..<offset + byteCount])
    }
    for index in 0..<Int(number(56, 2)) {
      let header = Int(number(32, 8)) + index * Int(number(54, 2))
      guard number(header, 4) == 1 else { continue }
      let start = Int(number(header + 8, 8))
      let content = Array(bytes[start..<start + Int(number(header + 32, 8))])
      let physical = number(header + 16, 8) & 0xFF_FFFF_FFFF
      _ = ram.write(PhysicalAddress(physical), from: content.span)
    }
    return number(24, 8)
  }

  private static func builtFile(_ name: String) -> URL {
    URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../firmware/built/" + name)
      .standardized
  }
}
