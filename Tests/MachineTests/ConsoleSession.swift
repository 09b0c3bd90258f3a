import Console
import DeviceModel
import DiskImages
import Foundation
import Machine
import MachineTestKit
import Testing
import Virtio

/// Our firmware at its prompt, and what a script types there.
struct ConsoleSession {
  /// What the console printed, without carriage returns.
  let text: String
  /// How the run ended.
  let outcome: RunOutcome
  /// Whether every step of the script came.
  let isFinished: Bool
  /// The machine afterwards.
  let machine: Machine

  /// Types each line when the prompt is there, and runs until nothing can happen any more.
  ///
  /// - Parameters:
  ///   - kernel: a kernel as `--kernel` gives it.
  ///   - commandLine: what `--append` gives it.
  ///   - nonvolatile: the clock chip's memory as it was kept.
  ///   - waitingFor: what must come after the last line.
  ///   - time: nanoseconds of guest time after which the run ends.
  init(
    _ lines: [String], disks: [any DiskImage] = [], interface: VirtioInterface = .modern,
    kernel: [UInt8]? = nil, commandLine: String = "", nonvolatile: [UInt8]? = nil,
    waitingFor last: String = ">>> ", time: UInt64 = 60_000_000_000
  ) throws {
    var steps = lines.flatMap { [ConsoleScript.Step.waitFor(">>> "), .send($0 + "\r")] }
    steps.append(.waitFor(last))
    let output = ConsoleBuffer()
    let console = ScriptRunner(ConsoleScript(steps), over: output)
    var configuration = MachineConfiguration(firmware: BuiltInFiles.firmware)
    configuration.memoryByteCount = 64 << 20
    configuration.kernel = kernel.map { .init(name: "kernel", bytes: $0) }
    configuration.commandLine = commandLine
    machine = try Machine(configuration, console: console, trace: DeviceTrace())
    console.now = { [clock = machine.clock] in clock.now }
    for disk in disks { try machine.attach(disk, placement: VirtioPlacement(interface: interface)) }
    if let nonvolatile { machine.nonvolatileMemory = nonvolatile }
    try machine.reset()
    outcome = try machine.run(RunLimits(time: time))
    text = String(
      String.UnicodeScalarView(output.outputText.unicodeScalars.filter { $0 != "\r" }))
    isFinished = console.progress == .finished
  }

  /// The lines that the last command printed, without the prompt that follows.
  var answer: [String] {
    let parts = text.components(separatedBy: ">>> ")
    guard let last = parts.last(where: { $0.contains("\n") }) else { return [] }
    return last.split(separator: "\n").dropFirst().map(String.init)
  }
}

/// A disk in memory that a console may boot.
struct BootDisk {
  /// The bootstrap's count and place in blocks.
  var count: UInt64
  var block: UInt64 = 2
  var flags: UInt64 = 0
  /// Added to the checksum.
  var error: UInt64 = 0
  var bootstrap: [UInt8]
  var blocks = 2048

  init(_ bootstrap: [UInt8] = [UInt8](repeating: 0, count: 512)) {
    self.bootstrap = bootstrap
    count = UInt64((bootstrap.count + 511) / 512)
  }

  /// The file, and the image over it.
  var store: MemoryFileStore {
    var quads = [UInt64](repeating: 0, count: 64)
    (quads[0], quads[60], quads[61], quads[62]) = (0x1234_5678, count, block, flags)
    quads[63] = quads.reduce(error, &+)
    var bytes = quads.flatMap { quad in (0..<8).map { UInt8(truncatingIfNeeded: quad >> (8 * $0)) }
    }
    bytes += [UInt8](repeating: 0, count: 512) + bootstrap
    bytes += [UInt8](repeating: 0, count: max(0, blocks * 512 - bytes.count))
    return MemoryFileStore(bytes)
  }

  var image: any DiskImage {
    get throws { try RawImage(store, readOnly: false) }
  }
}
