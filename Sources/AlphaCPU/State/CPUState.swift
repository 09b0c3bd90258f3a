/// The state of one CPU and the engine's working registers, at the start of one raw block of memory.
///
/// Handlers reach it through a raw pointer, so a field costs one load and no access check. The block
/// is laid out as
///
/// | offset | content |
/// |---:|---|
/// | 0 | this structure; the register file comes first |
/// | 4096 | the banks of ``AddressSpaces``: jump cache, kernel data TLB, user data TLB, instruction TLB |
@safe
struct CPUState: BitwiseCopyable {
  /// Bytes reserved for it at the start of the state block.
  static let reservedByteCount = 4096

  /// Every register that an operation can name with one byte; see ``RegisterIndex``.
  var registers: InlineArray<192, UInt64> = InlineArray(repeating: 0)

  // MARK: Program counter and mode

  /// The next instruction while no block runs; during a bus access the instruction that makes it.
  var pc: UInt64 = 0
  /// Virtual address of the page that the running block lies in.
  var pcPage: UInt64 = 0
  /// ``Mode`` as it is mixed into jump-cache tags.
  var modeTag: UInt64 = 0
  /// The jump cache and TLBs of the current address space.
  @unsafe var bank: UnsafeMutableRawPointer
  /// The data TLB of the current mode.
  @unsafe var dataTLB: UnsafeMutableRawPointer

  // MARK: Budget and time (in instructions; one takes a nanosecond of guest time)

  /// Instructions left in the slice, valid only while no block runs or inside a slow path.
  var budget: Int = 0
  /// The budget that the slice began with.
  var sliceBudget: Int = 0
  /// Instructions executed before the slice began.
  var instructionCount: UInt64 = 0
  /// Guest time minus instruction count: grows when idle time is skipped.
  var timeOffset: UInt64 = 0

  // MARK: Why the engine came back

  /// The link that waits for the address of the block at `pc`.
  @unsafe var linkSite: UnsafeMutableRawPointer? = nil
  /// Not zero: leave after the running slow path, the outside world has changed.
  var attention: UInt8 = 0

  // MARK: Architecture state without a register number

  /// Floating-point control register.
  var fpcr: UInt64 = 0
  /// Physical address of the locked 64-byte line, all ones when there is no reservation.
  var lockLine: UInt64 = .max
  /// The one-bit flag of RC and RS.
  var interruptFlag: UInt64 = 0
  /// Asserted interrupt pins; see ``InterruptPin``.
  var pins: UInt8 = 0
  /// CALL_PAL goes through the class, so that an observer sees it.
  var observesPALcode: Bool = false
  /// HW_MTPR WAIT has been executed and no interrupt has been requested since.
  var isWaiting: Bool = false

  // MARK: What slow paths need

  /// Host address of physical address 0.
  @unsafe let ramBase: UnsafeMutableRawPointer
  /// Size of RAM in bytes.
  let ramByteCount: UInt64
  /// The CPU that owns the block.
  @unsafe let owner: Unmanaged<AlphaCPU>
}

/// The numbers that a decoded operation gives to registers.
enum RegisterIndex {
  /// R0 to R31; R31 is never written, so it reads as zero.
  static let integer: UInt8 = 0
  /// The PALmode shadows of R8-R14 and R25, in this order.
  static let shadow: UInt8 = 32
  /// Takes what is written to R31 or F31.
  static let sink: UInt8 = 40
  /// F0 to F31; F31 is never written.
  static let float: UInt8 = 64
  /// Processor registers 0 to 63, so that most of HW_MFPR and HW_MTPR is a register move.
  static let processor: UInt8 = 128

  /// The index of Rn as an instruction of the given mode names it.
  static func integer(_ number: Int, inPALmode: Bool) -> UInt8 {
    guard inPALmode else { return UInt8(truncatingIfNeeded: number) }
    return switch number {
    case 8...14: shadow &+ UInt8(truncatingIfNeeded: number &- 8)
    case 25: shadow &+ 7
    default: UInt8(truncatingIfNeeded: number)
    }
  }

  /// The number that an instruction would write for an integer or floating-point register.
  static func number(of index: UInt8) -> Int {
    switch index {
    case shadow..<(shadow &+ 7): 8 &+ Int(index &- shadow)
    case shadow &+ 7: 25
    case sink: 31
    default: Int(index & 31)
    }
  }
}

/// The three ways an instruction can be executed. Blocks and jump-cache entries are keyed by it.
enum Mode: UInt64 {
  /// Kernel mode: data through the kernel's TLB.
  case kernel = 0
  /// PALmode: kernel translation, shadow registers, privileged instructions, no interrupts.
  case pal = 1
  /// User mode.
  case user = 2
}

/// Interrupt requests of the CPU.
public struct InterruptPin: OptionSet, Sendable, Codable {
  /// The bits.
  public var rawValue: UInt8
  /// From bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// b_irq1: devices.
  public static let device = InterruptPin(rawValue: 1)
  /// b_irq2: interval timer.
  public static let timer = InterruptPin(rawValue: 2)
  /// b_irq3: another CPU.
  public static let interprocessor = InterruptPin(rawValue: 4)
  /// b_irq0: chipset errors.
  public static let error = InterruptPin(rawValue: 8)
  static let all: InterruptPin = [device, timer, interprocessor, error]
}
