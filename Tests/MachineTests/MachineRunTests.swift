import AlphaCPU
import Console
import DeviceModel
import DiskImages
import GuestMemory
import MachineTestKit
import PCI
import Testing

@testable import Machine

/// Machines whose "firmware" is a few PALmode instructions at physical address 0.
@Suite("Machine")
struct MachineRunTests {
  static let base: UInt64 = 0xFFFF_FC00_0000_0000

  /// A machine that starts `words` in PALmode.
  static func machine(
    _ words: [UInt32], memory: UInt64 = 1 << 20, console: any CharacterEndpoint = NullEndpoint(),
    trace: DeviceTrace = DeviceTrace()
  ) throws -> Machine {
    var firmware = SampleELF(address: base)
    firmware.words = words
    var configuration = MachineConfiguration(firmware: .init(name: "test", bytes: firmware.bytes))
    configuration.memoryByteCount = memory
    let machine = try Machine(configuration, console: console, trace: trace)
    try machine.reset()
    return machine
  }

  private static let loop: UInt32 = 0xC3FF_FFFF
  /// HW_MTPR R31 to processor register n.
  private static func mtpr(_ number: UInt32, from register: UInt32 = 31) -> UInt32 {
    0x1D << 26 | 31 << 21 | register << 16 | number
  }
  /// LDA register, value(R31).
  private static func load(_ register: UInt32, _ value: UInt32) -> UInt32 {
    0x08 << 26 | register << 21 | 31 << 16 | value
  }

  @Test("the reset state holds what firmware is told")
  func resetState() throws {
    let machine = try Self.machine([Self.loop])
    let cpu = machine.cpus[0]
    #expect(cpu.isInPALmode)
    #expect(cpu.pc == Self.base)
    #expect(cpu[.palBase] == Self.base)
    #expect(cpu[.trapArgument0] == 1 << 20)
    #expect(cpu[.trapArgument1] == 0)
    #expect(cpu[.trapArgument2] == 1 | 1 << 6)
  }

  @Test("more memory than the chipset addresses is refused")
  func memoryLimit() {
    let error = #expect(throws: MachineSetUpError.self) {
      try Self.machine([Self.loop], memory: 32 << 30 | 8192)
    }
    #expect(error?.description.contains("the 21272 addresses 32 GB at most") == true)
  }

  @Test("limits end a run exactly")
  func limits() throws {
    let machine = try Self.machine([Self.loop])
    #expect(try machine.run(RunLimits(instructions: 1001)) == .instructionLimit)
    #expect(machine.cpus[0].instructionCount == 1001)
    #expect(try machine.run(RunLimits(time: 5000)) == .timeLimit)
    #expect(machine.cpus[0].instructionCount == 5000)
    #expect(machine.clock.now == 5000)
  }

  @Test("HALT with 0 powers off")
  func powerOff() throws {
    let machine = try Self.machine([Self.mtpr(252)])
    #expect(try machine.run(RunLimits(instructions: 100)) == .poweredOff)
    #expect(machine.cpus[0].instructionCount == 1)
  }

  @Test("HALT with another value resets and loads again")
  func reset() throws {
    // R1 = 1; if the quadword at 64 KB is set, power off, else set it and reset.
    let machine = try Self.machine([
      Self.load(1, 1), 0x08 << 26 | 2 << 21 | 31 << 16 | 0x4000,
      0x1B << 26 | 3 << 21 | 2 << 16 | 1 << 12, 0x3D << 26 | 3 << 21 | 2,
      0x1F << 26 | 1 << 21 | 2 << 16 | 1 << 12, Self.mtpr(252, from: 1), Self.mtpr(252),
    ])
    #expect(try machine.run(RunLimits(instructions: 100)) == .poweredOff)
    #expect(machine.cpus[0].instructionCount == 11)
  }

  @Test("WAIT with nothing that could wake the CPU is told apart from waiting for an alarm")
  func idle() throws {
    let machine = try Self.machine([Self.mtpr(253), Self.loop])
    #expect(try machine.run() == .idleForever)

    // ALARM at 30000 ns, then WAIT, then off: idle time is skipped, not executed.
    let sleeper = try Self.machine([
      Self.load(1, 30000), Self.mtpr(251, from: 1), Self.mtpr(253), Self.mtpr(252),
    ])
    #expect(try sleeper.run() == .poweredOff)
    #expect(sleeper.cpus[0].instructionCount == 4)
    #expect(sleeper.clock.now >= 30000)
  }

  @Test("an alarm at the end of time never fires, and one just before it ends no sum in a trap")
  func alarmAtTheEndOfTime() throws {
    let never = try Self.machine([
      Self.load(1, 0xFFFF), Self.mtpr(251, from: 1), Self.mtpr(253), Self.mtpr(252),
    ])
    #expect(try never.run() == .idleForever)

    // R1 = 1 << 62: the last possible alarm. Afterwards the machine still runs and has a next alarm.
    let last = try Self.machine([
      Self.load(1, 1), 0x12 << 26 | 1 << 21 | 62 << 13 | 1 << 12 | 0x39 << 5 | 1,
      Self.mtpr(251, from: 1), Self.mtpr(253), Self.mtpr(251, from: 1), Self.loop,
    ])
    #expect(try last.run(RunLimits(instructions: 5000)) == .instructionLimit)
    #expect(last.clock.now >= VirtualClock.end)
  }

  @Test("PALcode that cannot be reached is a dead end with its address")
  func deadEnd() throws {
    // PALBR = 2 GB of KSEG, where no memory is, then an illegal instruction.
    let machine = try Self.machine([
      Self.load(1, 0xFFFF), 0x12 << 26 | 1 << 21 | 42 << 13 | 1 << 12 | 0x39 << 5 | 1,
      Self.load(2, 1), 0x12 << 26 | 2 << 21 | 31 << 13 | 1 << 12 | 0x39 << 5 | 2,
      0x10 << 26 | 1 << 21 | 2 << 16 | 0x20 << 5 | 1, Self.mtpr(7, from: 1), 0x0400_0000,
    ])
    guard case .deadEnd(let why) = try machine.run(RunLimits(instructions: 1000)) else {
      Issue.record("the run did not end in a dead end")
      return
    }
    #expect(why.contains("PALBR is 0xfffffc0080000000"))
  }

  /// Sets the alarm to 300 ns and counts in memory at 16 KB, in kernel mode. The interrupt entry sets
  /// the alarm 500 ns further on, without end, and copies the cycle counter to memory.
  private static let ticking: [UInt32] = {
    var words = [UInt32](repeating: 0x47FF_041F, count: 0x200 / 4)
    let program: [UInt32] = [
      load(1, 300), mtpr(251, from: 1),
      0x30 << 26 | 5 << 21, 0x08 << 26 | 2 << 21 | 5 << 16 | 0x14,  // BR R5,+0; LDA R2,20(R5)
      0x08 << 26 | 5 << 21 | 5 << 16 | 0x4000 - 12,  // LDA R5,16 KB
      0x1E << 26 | 31 << 21 | 2 << 16 | 0x8000, loop,  // HW_RET R2
      0x47FF_041F, 0x29 << 26 | 3 << 21 | 5 << 16,  // LDQ R3,0(R5)
      0x10 << 26 | 3 << 21 | 1 << 13 | 1 << 12 | 0x20 << 5 | 3,  // ADDQ R3,1,R3
      0x2D << 26 | 3 << 21 | 5 << 16, 0xC3FF_FFFC,  // STQ R3,0(R5); BR -4
    ]
    let interrupt: [UInt32] = [
      0x08 << 26 | 1 << 21 | 1 << 16 | 500, mtpr(251, from: 1),  // LDA R1,500(R1)
      0x18 << 26 | 4 << 21 | 0xC000, 0x2D << 26 | 4 << 21 | 5 << 16 | 8,  // RPCC R4; STQ R4,8(R5)
      loop,
    ]
    words.replaceSubrange(0..<program.count, with: program)
    words.replaceSubrange(0x180 / 4..<0x180 / 4 + interrupt.count, with: interrupt)
    return words
  }()

  @Test("two machines repeat each other, with interrupts and memory, whatever the slices are")
  func repeats() throws {
    let runs = try [10_000, 1, 77].map { slice in
      let machine = try Self.machine(Self.ticking)
      for end in stride(from: slice, through: 10_000, by: slice) + [10_000] {
        _ = try machine.run(RunLimits(instructions: UInt64(end)))
      }
      let memory = [0x4000, 0x4008].map { machine.ram.quadword(at: PhysicalAddress($0)) }
      return (state: machine.cpus[0].save(), memory: memory)
    }
    #expect(runs[0].memory.allSatisfy { $0 != 0 }, "the program counts and is interrupted")
    for run in runs.dropFirst() {
      #expect(run.state == runs[0].state)
      #expect(run.memory == runs[0].memory)
    }
  }

  @Test("with the host's clock no deadline is passed over, until the guest lags too far behind")
  func hostTime() {
    let lag = HostClock.largestLag
    #expect(HostClock.time(upTo: nil, host: 500) == 500)
    #expect(HostClock.time(upTo: 600, host: 500) == 500)
    #expect(HostClock.time(upTo: 400, host: 500) == 400)
    #expect(HostClock.time(upTo: 400, host: lag + 400) == 400)
    #expect(HostClock.time(upTo: 400, host: lag + 500) == 500)
  }

  @Test(
    "a guest that is ahead of the host's clock waits for it, but not for less than a millisecond")
  func hostTimeAhead() {
    let lead = HostClock.largestLead
    #expect(HostClock.sleep(until: 400, host: 500) == 0)
    #expect(HostClock.sleep(until: 500 + lead, host: 500) == 0)
    #expect(HostClock.sleep(until: 501 + lead, host: 500) == UInt32(lead / 1000))
    #expect(HostClock.sleep(until: .max, host: 500) == 100_000)
    let host = HostClock(guestTime: 0)
    host.catchUp(with: 5_000_000)
    #expect(host.guestTime >= 5_000_000)
  }

  @Test("a stop is seen before anything is executed")
  func stopRequest() throws {
    let machine = try Self.machine([Self.loop])
    machine.stopper.requestStop()
    #expect(try machine.run(RunLimits(instructions: 1000)) == .interrupted)
    #expect(machine.cpus[0].instructionCount == 0)
  }

  @Test("an instruction trace has the first instruction of PALcode, and none that did not run")
  func traceOfInterrupt() throws {
    final class Lines { var all: [String] = [] }
    let lines = Lines()
    let trace = DeviceTrace(traceSink: { lines.all.append($1) })
    trace.enabled = [.instructions]
    let machine = try Self.machine(Self.ticking, trace: trace)
    _ = try machine.run(RunLimits(instructions: 303))
    let entry = try #require(
      lines.all.firstIndex { $0.contains(" pal fffffc0000000180: lda t0,500(t0)") })
    let last = try #require(lines.all[..<entry].last)
    let interrupted = String(machine.cpus[0][.exceptionAddress], radix: 16)
    #expect(last.contains(" kernel ") && !last.contains(" \(interrupted): "))
    #expect(lines.all.count == 303)
  }

  @Test("an access that nothing answers is traced with its instruction, a machine check or not")
  func traceOfUnclaimed() throws {
    final class Lines { var all: [String] = [] }
    let lines = Lines()
    let trace = DeviceTrace(traceSink: { lines.all.append($1) })
    trace.enabled = [.unclaimed]
    // R1 = 1 << n, then HW_LD/P R3,0(R1), of PCI memory and behind PA<34:0>.
    func read(at bit: UInt32) -> [UInt32] {
      [
        Self.load(1, 1), 0x12 << 26 | 1 << 21 | bit << 13 | 1 << 12 | 0x39 << 5 | 1,
        0x1B << 26 | 3 << 21 | 1 << 16,
      ]
    }
    let machine = try Self.machine(read(at: 43) + read(at: 35), trace: trace)
    _ = try machine.run(RunLimits(instructions: 6))
    #expect(
      lines.all == [
        "PCI memory read of 4 bytes at 0x0; cpu0 pc 0xfffffc0000000008",
        "read of 4 bytes at 0x800000000, where nothing answers: machine check; "
          + "cpu0 pc 0xfffffc0000000014",
      ])
  }

  @Test("disks take slots 1 to 6, once each")
  func slots() throws {
    let machine = try Self.machine([Self.loop])
    for _ in 0..<6 {
      try machine.attach(
        RawImage(MemoryFileStore([UInt8](repeating: 0, count: 512)), readOnly: true))
    }
    #expect(throws: MachineSetUpError.self) {
      try machine.attach(RawImage(MemoryFileStore([0]), readOnly: true))
    }
    #expect(Set(machine.pci.targets.map(\.slot)) == Set(1...7))
  }

  @Test("a device that names no slot leaves the slots alone that others name")
  func reservedSlots() throws {
    let machine = try Self.machine([Self.loop])
    try machine.reserveSlots(
      for: [VirtioPlacement(slot: 1), VirtioPlacement(), VirtioPlacement(slot: 3)])
    func attach(_ placement: VirtioPlacement = VirtioPlacement()) throws {
      try machine.attach(
        RawImage(MemoryFileStore([UInt8](repeating: 0, count: 512)), readOnly: true),
        placement: placement)
    }
    try attach()
    try attach()
    #expect(Set(machine.pci.targets.map(\.slot)) == [2, 4, 7])
    try attach(VirtioPlacement(slot: 1))
    try attach(VirtioPlacement(slot: 3))
    #expect(Set(machine.pci.targets.map(\.slot)) == [1, 2, 3, 4, 7])
    #expect(throws: MachineSetUpError.self) {
      try machine.reserveSlots(for: [VirtioPlacement(slot: 1)])
    }
  }

  @Test("a machine that is dropped gives its memory back")
  func noCycles() throws {
    weak var ram: GuestRAM?
    do {
      let machine = try Self.machine([Self.loop])
      try machine.attach(
        RawImage(MemoryFileStore([UInt8](repeating: 0, count: 512)), readOnly: true))
      _ = try machine.run(RunLimits(instructions: 100))
      ram = machine.ram
    }
    // Compared outside the macro, which would show a machine that is half gone.
    let isReleased = ram == nil
    #expect(isReleased)
  }
}
