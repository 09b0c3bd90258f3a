import DiskImages
import MachineTestKit

/// Damages an image, uses it, checks and repairs it, in the order that an input says.
///
/// Whatever the damage: nothing crashes or hangs, and every fault is one line. More is expected of
/// an image that is *sound*, because it is as its creator left it or checked clean: requests on it
/// succeed, what was written reads back, also after a power cut if it was flushed, and it checks
/// clean ever after, with leaked clusters at worst where the host failed or the power was cut.
///
/// An input is a byte with a template's number (or 0xF0 and more: the file itself follows), then
/// steps: one byte that says what to do, and its operands.
final class DiskImageFuzz {
  /// Steps of an input that are taken.
  private static let stepLimit = 48
  /// Bytes that these steps may read and write; behind that the input ends. The bound of one second
  /// is meant for each operation, and libFuzzer measures whole inputs.
  private static let effortLimit: UInt64 = 32 << 20
  /// Bytes of memory that the file may take: the host's disk is full beyond.
  private static let fileLimit: UInt64 = 16 << 20
  /// Disks up to this size are kept beside the image and compared.
  static let modelLimit: UInt64 = 1 << 20
  /// Disks up to this size are walked whole by operations whose cost is the disk's size.
  static let walkLimit: UInt64 = 8 << 20

  var input: FuzzInput
  let store: MemoryFileStore
  /// What is open now.
  var disk: OpenDisk?
  /// Whether the image has to work.
  var isSound: Bool
  /// Whether a sound image may have leaked clusters.
  var mayLeak = false
  /// What a sound image holds, when that is known.
  var model: DiskModel?
  /// What its snapshots hold, in their order.
  var snapshotModels: [DiskModel?] = []
  let host = FuzzHost()

  /// Takes the steps of an input.
  static func run(_ bytes: [UInt8]) throws(FuzzFinding) {
    try DiskImageFuzz(FuzzInput(bytes)).takeSteps()
  }

  private init(_ input: FuzzInput) throws(FuzzFinding) {
    var input = input
    let number = Int(input.byte())
    if number < 0xF0 {
      store = try MemoryFileStore(DiskImageTemplate.image(number & 15), name: "image")
      isSound = true
    } else {
      // The file itself.
      store = MemoryFileStore(input.array(min(input.word(), 4096)), name: "image")
      isSound = false
    }
    self.input = input
    store.allocationLimit = Self.fileLimit
    store.failure = { [host] in host.number(for: $0, $1) }
  }

  private func takeSteps() throws(FuzzFinding) {
    for _ in 0..<Self.stepLimit where !input.isAtEnd && host.effort < Self.effortLimit {
      try step()
    }
    host.stop()
    try closeDisk()
    host.forget()
    try check(verifiesContent: true)
    try repair(.all)
    try openDisk(flags: 1)
    try request(.read)
    try closeDisk()
  }

  private func step() throws(FuzzFinding) {
    switch input.byte() % 24 {
    case 0...3: try edit()
    case 4, 5: try openDisk(flags: input.byte())
    case 6: try request(.read)
    case 7...9: try request(.write)
    case 10, 11: try request(.zero)
    case 12: try request(.discard)
    case 13: try flush()
    case 14: try closeDisk()
    case 15: try cutPower()
    case 16: try check(verifiesContent: input.byte() & 1 == 0)
    case 17: try repair(input.byte() & 1 == 0 ? .all : .leaks)
    case 18, 19: try changeSnapshots()
    case 20: try resize()
    case 21: try map()
    case 22: try convertOrDrop()
    default: host.arm(input.byte(), after: Int(input.byte()))
    }
  }

  // MARK: - What is expected

  /// Runs `body`, whose fault must be one line, and one that a sound image may have.
  ///
  /// - Returns: whether it succeeded.
  @discardableResult
  func attempt(
    _ what: String, _ body: () throws(ImageFault) -> Void
  ) throws(FuzzFinding) -> Bool {
    do {
      try body()
      return true
    } catch {
      let line = try FuzzFinding.line(of: error)
      guard isSound else { return false }
      switch error.cause {
      case .refused: return false
      case .readOnly where disk?.isWritable == false: return false
      case .readOnly where disk != nil && host.hasFailed:
        // It could write its header neither new nor old; the file may have either.
        mayLeak = true
        forgetModels()
        return false
      case .backing where disk?.lacksBacking == true: return false
      case .host where host.hasFailed || error.isOutOfSpace:
        mayLeak = true
        return false
      default: throw FuzzFinding("\(what) of a sound image: \(line)")
      }
    }
  }

  /// The image may be anything from now on.
  func distrust() {
    isSound = false
    mayLeak = false
    forgetModels()
  }

  private func forgetModels() {
    model = nil
    disk?.modelBelow = nil
    snapshotModels = []
  }

  // MARK: - The file

  private func edit() throws(FuzzFinding) {
    distrust()
    host.forget()
    disk?.isEdited = true
    do {
      try DiskImageEdit.apply(&input, to: store)
    } catch {
      // The file cannot be that big.
    }
  }

  /// Checks the file of an image that is not open.
  func check(verifiesContent: Bool) throws(FuzzFinding) {
    guard disk == nil else { return }
    try attempt("check") { () throws(ImageFault) in
      let report = try QcowImage.check(store, verifiesContent: verifiesContent)
      judge(report, verifiesContent)
    }
    try throwPending()
  }

  private func judge(_ report: QcowCheckReport, _ verifiesContent: Bool) {
    if isSound {
      guard report.exitStatus == 0 || (mayLeak && report.exitStatus == 3) else {
        pendingFinding = FuzzFinding("a sound image does not check clean: \(report.findings)")
        return
      }
    } else if report.exitStatus == 0, verifiesContent, !isMarked {
      isSound = true
      mayLeak = hasAutoclearFeatures
    }
  }

  /// Repairs the file of an image that is not open.
  func repair(_ mode: QcowImage.RepairMode) throws(FuzzFinding) {
    guard disk == nil else { return }
    let wasSound = isSound
    let succeeded = try attempt("repair") { () throws(ImageFault) in
      let report = try QcowImage.repair(store, mode)
      guard !host.hasFailed else { return }
      let again = try QcowImage.check(store, verifiesContent: true)
      let counts = "\(report.corruptions) corruptions, \(report.leaks) leaks"
      if again.corruptions != report.corruptions || again.leaks != report.leaks {
        pendingFinding = FuzzFinding(
          "a repair says \(counts), a check then \(again.corruptions) and \(again.leaks)")
      }
      if mode == .all, report.leaks > 0, report.corruptions == 0 {
        pendingFinding = FuzzFinding("a repair leaves \(counts): \(again.findings)")
      }
      if wasSound { mayLeak = hasAutoclearFeatures }
      judge(again, true)
    }
    if !succeeded, host.hasFailed { distrust() }
    try throwPending()
  }

  /// A finding from inside an attempt, where only faults can be thrown.
  private var pendingFinding: FuzzFinding?
  private func throwPending() throws(FuzzFinding) {
    if let pendingFinding { throw pendingFinding }
  }

  /// Whether the header calls the image dirty or corrupt.
  var isMarked: Bool {
    guard let information = try? QcowImage(store).information else { return true }
    return information.isDirty || information.isCorrupt
  }

  /// Whether the first write will make something stale, bitmaps for example.
  var hasAutoclearFeatures: Bool {
    var bytes = [UInt8](repeating: 0, count: 8)
    var span = bytes.mutableSpan
    _ = try? store.read(at: 88, into: &span)
    return bytes.contains { $0 != 0 }
  }
}

/// A host that fails one request or, from some request on, all.
final class FuzzHost {
  /// Bytes that it was asked to read and write.
  private(set) var effort: UInt64 = 0
  /// Whether a request has failed since the image was opened.
  private(set) var hasFailed = false
  private var operation: MemoryFileStore.Operation?
  private var remaining = 0
  private var isLasting = false
  private var errno: Int32 = 0

  /// Lets request number `count` of one kind fail.
  func arm(_ kind: UInt8, after count: Int) {
    let operations: [MemoryFileStore.Operation] = [.read, .write, .flush, .resize, .punchHole]
    operation = operations[Int(kind & 7) % operations.count]
    isLasting = kind & 8 != 0
    errno = kind & 16 != 0 ? 5 : 28  // EIO, ENOSPC
    remaining = count
  }

  /// All works again.
  func stop() { operation = nil }

  /// All works, and always has.
  func forget() {
    stop()
    hasFailed = false
  }

  func number(for asked: MemoryFileStore.Operation, _ range: Range<UInt64>) -> Int32? {
    if asked == .read || asked == .write { effort += UInt64(range.count) }
    guard asked == operation else { return nil }
    remaining -= 1
    guard remaining < 0 else { return nil }
    hasFailed = true
    if !isLasting { operation = nil }
    return errno
  }
}
