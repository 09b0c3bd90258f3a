internal import AlphaCPU
internal import ArgumentParser
internal import Console
internal import DeviceModel
internal import Foundation
internal import Machine

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Boot a guest.")

  @Option var firmware: String
  @Option var kernel: String?
  @Option var append: String = ""
  @Option var maxInstructions: UInt64?
  @Option var trace: String?

  func run() throws {
    func file(_ path: String) throws -> MachineConfiguration.NamedFile {
      .init(name: path, bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }
    var configuration = MachineConfiguration(firmware: try file(firmware))
    if let kernel { configuration.kernel = try file(kernel) }
    configuration.commandLine = append
    let trace = DeviceTrace(
      warningSink: { FileHandle.standardError.write(Data(($0 + "\n").utf8)) },
      traceSink: { FileHandle.standardError.write(Data(("\($0): \($1)\n").utf8)) })
    if let t = self.trace.flatMap(DeviceTrace.Category.init) { trace.enabled = [t] }
    let machine = try Machine(configuration, console: TerminalEndpoint(), trace: trace)
    try machine.reset()
    let outcome = try machine.run(RunLimits(instructions: maxInstructions))
    print("\noutcome \(outcome) instructions \(machine.cpus[0].instructionCount) pc \(String(machine.cpus[0].pc, radix: 16))")
  }
}
