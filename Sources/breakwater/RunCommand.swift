internal import AlphaCPU
internal import ArgumentParser
internal import Console
internal import DeviceModel
internal import DiskImages
internal import Foundation
internal import Machine

/// `breakwater run`.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Boot a guest.",
    discussion: """
      Without --kernel, --firmware and --disk, boots the built-in DMA test on a built-in compressed \
      disk.

      Exit status: 0 the guest powered off or its test passed, 1 its test failed or it stopped on an \
      error, 2 usage or set-up error, 124 a time or instruction limit, 130 interrupted.

      A script for --script has one step a line: wait "TEXT" goes on when the guest has printed this, \
      within SECONDS (60) of guest time, or the run fails with status 1; send "TEXT" types; break holds \
      the line at space; within SECONDS is for the waits that follow; end ends the run. In texts, \
      \\r, \\n, \\t, \\e, \\", \\\\ and \\xNN stand for characters; # begins a comment. When all is done, \
      the console is yours.
      """)

  @Option(help: ArgumentHelp("Firmware to run instead of the built-in one.", valueName: "elf"))
  var firmware: String?

  @Option(help: ArgumentHelp("Kernel that the firmware starts.", valueName: "elf"))
  var kernel: String?

  @Option(help: ArgumentHelp("Initial RAM disk for the kernel.", valueName: "file"))
  var initrd: String?

  @Option(help: ArgumentHelp("Command line for the kernel.", valueName: "text"))
  var append = ""

  @Option(
    help: ArgumentHelp(
      "A disk; may be repeated. Keys: \(DiskConfiguration.keyNames.joined(separator: ", ")). "
        + "overlay=temp forgets writes, overlay=FILE keeps them in a qcow2 image over the disk. "
        + "The file may be an NBD export: nbd:unix:PATH, nbd:HOST:PORT, nbd://HOST/NAME.",
      valueName: "file[,key=value...]"))
  var disk: [String] = []

  @Option(
    help: ArgumentHelp(
      "Memory, such as 64M or 4G, at most 32G (default: 512M).", valueName: "size"),
    transform: ByteSize.option)
  var memory = ByteSize(byteCount: 512 << 20)

  @Option(help: "Number of CPUs; this version has one.")
  var cpus = 1

  @Option(
    help: ArgumentHelp(
      "Keeps the clock chip's memory, where the console has its variables, from run to run.",
      valueName: "file"))
  var nvram: String?

  @Option(
    help: ArgumentHelp(
      "Serial console: \(ConsoleTarget.forms).", valueName: "target"),
    transform: ConsoleTarget.parse)
  var console = ConsoleTarget.stdio

  @Option(
    help: ArgumentHelp(
      "Types at the serial console what a script says.", valueName: "file"))
  var script: String?

  @Option(
    help: ArgumentHelp(
      "A virtio console (hvc0 for Linux), with the targets of --console; may be repeated. "
        + "Keys: \(VirtioConsoleConfiguration.keyNames.joined(separator: ", ")). "
        + "port=NAME:TARGET adds a named port and may be repeated; size=COLUMNSxROWS.",
      valueName: "target[,key=value...]"))
  var virtioConsole: [String] = []

  @Option(
    help: ArgumentHelp(
      "A virtio random number generator. Keys: "
        + "\(EntropyConfiguration.keyNames.joined(separator: ", ")). seed=N gives the same bytes "
        + "in every run, source=host the host's.",
      valueName: "key=value..."))
  var rng: [String] = []

  @Option(
    help: ArgumentHelp("What guest time follows: virtual or host.", valueName: "clock"))
  var clock = ClockSource.virtual

  @Option(help: ArgumentHelp("Stop after this much guest time.", valueName: "seconds"))
  var timeout: Double?

  @Option(help: ArgumentHelp("Stop after this many instructions.", valueName: "n"))
  var maxInstructions: UInt64?

  @Option(help: TraceTarget.help, transform: TraceTarget.init(option:))
  var trace: [TraceTarget] = []

  @Option(
    help: ArgumentHelp(
      "strict models the scatter-gather TLB as the hardware has it; lenient forgives missing "
        + "invalidates.", valueName: "mode"))
  var chipset = ChipsetModel.strict

  mutating func validate() throws {
    if let timeout, !(timeout > 0 && timeout < 1e9) {
      throw ValidationError("--timeout \(timeout) is not a number of seconds above zero")
    }
  }

  func run() throws {
    // Output that nobody reads any more ends the run in good order.
    HostProcess.ignoreBrokenPipes()
    let consoles = try virtioConsole.map(VirtioConsoleConfiguration.init(parsing:))
    try checkTargets([console] + consoles.flatMap(\.targets))
    let generators = try rng.map(EntropyConfiguration.init(parsing:))
    let disk = try self.disk.map(DiskConfiguration.init(parsing:))
    let conversation = try script.map { try readScript($0) }
    let configuration = try self.configuration()
    try Machine.check(configuration)
    try checkOutputs([console] + consoles.flatMap(\.targets), disk)
    // Up to here, nothing on the host has changed. What is opened now stays as it is until the run
    // starts: no file is emptied, and the terminal is not raw, so that Ctrl-C ends what can last.
    let tracer = try DiagnosticOutput(trace)
    let target = try console.open()
    let runner = conversation.map { ScriptRunner($0, over: target) }
    let endpoint = runner ?? target
    let lines = try consoles.map { try $0.openLines() }
    let endpoints = [target] + lines.joined()
    let terminal = endpoints.lazy.compactMap { $0 as? TerminalEndpoint }.first
    let machine = try Machine(configuration, console: endpoint, trace: tracer.trace)
    try machine.reserveSlots(
      for: disk.map(\.placement) + consoles.map(\.placement) + generators.map(\.placement))
    let nonvolatile = try nvram.map { try NonvolatileFile($0, of: machine) }
    // Overlays are made.
    let disks = try open(disk, tracer.trace)
    try attach(disks, to: machine)
    for (console, lines) in zip(consoles, lines) { try machine.attach(console, lines) }
    for generator in generators { try machine.attach(generator) }
    try machine.reset()
    let isStopRequested = { [stopper = machine.stopper] in stopper.isStopRequested }
    for endpoint in endpoints { endpoint.isHopeless = isStopRequested }
    tracer.isHopeless = isStopRequested
    runner?.now = { [clock = machine.clock] in clock.now }
    machine.stopCondition = {
      terminal?.quitRequested == true || terminal?.failure != nil || runner?.endsRun == true
    }

    tracer.start()
    // Before the watch: a raw terminal has signal handlers of its own.
    for endpoint in endpoints { endpoint.start() }
    let interruption = Interruption(loss: "what the guest wrote last may be lost") {
      [stopper = machine.stopper] in stopper.requestStop()
    }
    defer { withExtendedLifetime(interruption) {} }
    let outcome = Result { try machine.run(limits) }
    // However the run ended, what the guest has written stays.
    var unwritten: [any Error] = []
    do { try machine.closeDisks() } catch { unwritten.append(error) }
    do { try nonvolatile?.save(machine) } catch { unwritten.append(error) }
    terminal?.restore()
    tracer.finish()
    let ending = outcome.map { RunEnding($0, machine, runner) }
    if let text = try? ending.get().text { tracer.line("breakwater: \(text)") }
    for fault in endpoints.compactMap(\.failure) { unwritten.append(fault) }
    for fault in unwritten { tracer.line("breakwater: \(fault)") }
    let status = max(try ending.get().status, unwritten.isEmpty ? 0 : 1)
    if status != 0 { throw ExitCode(status) }
  }

  // MARK: - Set-up

  private var limits: RunLimits {
    RunLimits(instructions: maxInstructions, time: timeout.map { UInt64($0 * 1e9) })
  }

  private var bootsDMATest: Bool { kernel == nil && firmware == nil && disk.isEmpty }

  private func configuration() throws -> MachineConfiguration {
    var configuration = MachineConfiguration(
      firmware: try firmware.map(MachineConfiguration.NamedFile.init(reading:))
        ?? BuiltInFiles.firmware)
    configuration.kernel =
      try kernel.map(MachineConfiguration.NamedFile.init(reading:))
      ?? (bootsDMATest ? BuiltInFiles.dmaTest : nil)
    configuration.initrd = try initrd.map(MachineConfiguration.NamedFile.init(reading:))
    configuration.commandLine = append
    configuration.memoryByteCount = memory.byteCount
    configuration.cpuCount = cpus
    if clock == .host {
      configuration.clock = .host
      configuration.startDate = UInt64(max(Date().timeIntervalSince1970, 0))
    }
    configuration.isChipsetLenient = chipset == .lenient
    return configuration
  }

  private func open(
    _ disks: [DiskConfiguration], _ trace: DeviceTrace
  ) throws -> [(disk: DiskConfiguration, image: any DiskImage)] {
    let indexing = IndexingProgress()
    do {
      return try disks.map { disk in
        (disk, try disk.openImage(trace: trace) { indexing.show($0, of: $1) })
      }
    } catch let fault as ImageFault where fault.cause == .interrupted {
      throw ExitCode(130)
    }
  }

  private func attach(
    _ disks: [(disk: DiskConfiguration, image: any DiskImage)], to machine: Machine
  ) throws {
    if bootsDMATest {
      for image in try BuiltInFiles.dmaTestDisks() { try machine.attach(image) }
    }
    for (disk, image) in disks { try machine.attach(disk, image) }
  }

  private func readScript(_ path: String) throws -> ConsoleScript {
    let file = try MachineConfiguration.NamedFile(reading: path)
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw MachineSetUpError("script '\(path)' is not UTF-8 text")
    }
    return try ConsoleScript(parsing: text, named: file.name)
  }

  /// No file that is opened for output, and emptied by that, may be anything else to the run.
  private func checkOutputs(_ consoles: [ConsoleTarget], _ disks: [DiskConfiguration]) throws {
    var files = FilesInUse()
    for disk in disks { files.add(disk) }
    let inputs = [
      (firmware, "the firmware"), (kernel, "the kernel"), (initrd, "the initial RAM disk"),
      (script, "the script"), (nvram, "the clock chip's memory"),
    ]
    for (path, use) in inputs { if let path { files.add(path, use) } }
    for target in trace { if let path = target.path { try files.checkOutput(path, "a trace") } }
    for case .file(let path) in consoles { try files.claim(path, "a console's output") }
  }

  /// Two consoles cannot share a place on the host.
  private func checkTargets(_ targets: [ConsoleTarget]) throws {
    for (index, target) in targets.enumerated()
    where target != .none && targets[..<index].contains(target) {
      throw MachineSetUpError(
        "two consoles use \(target)"
          + (target == .stdio
            ? "; with --virtio-console stdio, give --console none or --console file:PATH" : ""))
    }
  }
}
