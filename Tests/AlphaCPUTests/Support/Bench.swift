import AlphaCPU
import GuestMemory

/// How an instruction is executed.
enum TestMode: UInt64, CaseIterable {
  case kernel = 0
  case pal = 1
  case user = 2
}

/// A CPU with a little RAM and a bus that records, with nothing else of a machine.
///
/// PALcode lies at `palBase`. A run stops when it is entered by anything but PALmode code's own
/// branches; `entries` tells for what.
final class Bench {
  static let kseg: UInt64 = 0xFFFF_FC00_0000_0000
  static let palBase: UInt64 = kseg + 0x8_0000
  static let code: UInt64 = kseg + 0x1_0000
  static let data: UInt64 = 0x2_0000
  /// A physical address of I/O space, and how the kernel sees it.
  static let device: UInt64 = 0x801_0000_0000
  static let deviceVirtual: UInt64 = kseg + (1 << 40) + 0x1_0000_0000

  let ram: GuestRAM
  let bus = TestBus()
  let cpu: AlphaCPU
  /// What entered PALcode since the last ``start(_:at:mode:)``.
  private(set) var entries: [PALEntryRecord] = []
  /// Whether entering PALcode ends a run.
  var stopsInPALcode = true

  init(ramByteCount: UInt64 = 1 << 20) throws {
    ram = try GuestRAM(byteCount: ramByteCount)
    cpu = AlphaCPU(number: 0, ram: ram, bus: bus)
    cpu.reset(pc: Self.palBase, arguments: (0, 0, 0))
    cpu.didEnterPALcode = { [weak self] in
      guard let self else { return }
      entries.append($0)
      if stopsInPALcode { cpu.requestAttention() }
    }
  }

  // MARK: - Memory

  /// Writes as a device: translated code notices.
  func store(_ words: [UInt32], at physical: UInt64) {
    var bytes: [UInt8] = []
    for word in words {
      for shift in [0, 8, 16, 24] as [UInt32] {
        bytes.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    _ = ram.write(PhysicalAddress(physical), from: bytes.span)
  }

  func quadword(_ physical: UInt64) -> UInt64 {
    ram.quadword(at: PhysicalAddress(physical)) ?? 0
  }

  func setQuadword(_ value: UInt64, at physical: UInt64) {
    ram.setQuadword(value, at: PhysicalAddress(physical))
  }

  func contents(_ physical: UInt64, _ byteCount: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var span = bytes.mutableSpan
    _ = ram.read(PhysicalAddress(physical), into: &span)
    return bytes
  }

  // MARK: - State

  /// Changes any part of the architecture state.
  func modify(_ change: (inout AlphaCPU.Saved) -> Void) throws {
    var saved = cpu.save()
    change(&saved)
    try cpu.restore(saved)
  }

  /// Puts a program at `pc`, an address of the kernel segment, and sets the CPU to its start.
  func start(_ program: [UInt32], at pc: UInt64 = Bench.code, mode: TestMode = .kernel) throws {
    store(program, at: pc & 0xFF_FFFF_FFFF)
    try begin(at: pc, mode: mode)
  }

  /// Sets the CPU to an instruction.
  func begin(at pc: UInt64, mode: TestMode = .kernel) throws {
    entries = []
    try modify {
      $0.pc = pc
      $0.mode = mode.rawValue
      $0.processor[0] = mode == .user ? 8 : 0
    }
  }

  // MARK: - Running

  /// Executes exactly `count` instructions, unless PALcode is entered or nothing goes on.
  func run(_ count: Int) {
    let end = cpu.instructionCount + UInt64(count)
    let known = entries.count
    while cpu.instructionCount < end, cpu.deadEnd == nil, !cpu.isWaiting {
      cpu.run(budget: Int(end - cpu.instructionCount))
      if stopsInPALcode, entries.count > known { return }
    }
  }

  /// Runs a program once from start to end.
  func run(_ program: [UInt32], mode: TestMode = .kernel) throws {
    try start(program, mode: mode)
    run(program.count)
  }
}

/// PALcode entries, by their offset from PALBR.
enum Entry {
  static let machineCheck: UInt64 = 0x080
  static let interprocessor: UInt64 = 0x100
  static let timer: UInt64 = 0x180
  static let device: UInt64 = 0x200
  static let memoryManagement: UInt64 = 0x280
  static let unaligned: UInt64 = 0x300
  static let illegalOpcode: UInt64 = 0x380
  static let arithmetic: UInt64 = 0x400
  static let floatDisabled: UInt64 = 0x480
}
