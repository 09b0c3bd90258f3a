internal import AlphaCPU
internal import Console
internal import DeviceModel
internal import Foundation
internal import Machine

/// How a run ended, for people and for scripts.
struct RunEnding {
  /// One line.
  let text: String
  /// The program's exit status.
  let status: Int32

  init(_ outcome: RunOutcome, _ machine: Machine, _ script: ScriptRunner?) {
    let cpu = machine.cpus[0]
    var (reason, status) = Self.describe(outcome, "pc 0x\(String(cpu.pc, radix: 16))")
    // A script ends the run as an interrupt does. A limit may come first: at the end of the slice in
    // which the script ended, and for an idle guest, whose time goes to it in one step, over the
    // script's own.
    let isStopped = [.interrupted, .timeLimit, .instructionLimit].contains(outcome)
    switch (script?.progress, script?.complaint) {
    case (.ended, _) where isStopped: (reason, status) = ("the script ended", 0)
    case (.timedOut, let complaint?) where isStopped: (reason, status) = (complaint, 1)
    case (_, let complaint?): (reason, status) = ("\(complaint): \(reason)", max(status, 1))
    default: break
    }
    self.status = status
    let microseconds = machine.clock.now / 1000
    text =
      "\(reason) (\(cpu.instructionCount) instructions, "
      + "\(microseconds / 1_000_000).\(String(format: "%06d", microseconds % 1_000_000)) s of guest time)"
  }

  private static func describe(
    _ outcome: RunOutcome, _ place: String
  ) -> (reason: String, status: Int32) {
    switch outcome {
    case .poweredOff: ("the guest powered off", 0)
    case .testResult(0): ("the guest's test passed", 0)
    case .testResult(let value): ("the guest's test failed with \(value)", 1)
    case .panicked(nil): ("the guest panicked", 1)
    case .panicked(let line?): ("the guest panicked: \(line)", 1)
    case .deadEnd(let why): ("the CPU stopped: \(why)", 1)
    case .idleForever:
      ("the guest waits for an interrupt, and nothing can raise one any more; \(place)", 1)
    case .instructionLimit: ("instruction limit reached; \(place)", 124)
    case .timeLimit: ("time limit reached; \(place)", 124)
    case .interrupted: ("interrupted; \(place)", 130)
    }
  }
}
