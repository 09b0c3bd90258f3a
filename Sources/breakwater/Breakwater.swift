internal import ArgumentParser
internal import Console
internal import DiskImages
internal import Foundation

/// The command line. Usage and set-up errors are one line on standard error and exit status 2.
struct Breakwater: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "breakwater",
    abstract: "A full-system emulator of a small DEC Alpha machine.",
    discussion: "Without a subcommand, `run` is meant.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, ImageCommand.self, DisassembleCommand.self, ExplainDMACommand.self,
    ],
    defaultSubcommand: RunCommand.self)
}

@main
enum EntryPoint {
  static func main() {
    HostProcess.openStandardStreams()
    HostProcess.ignoreFileSizeLimit()
    do {
      var command = try Breakwater.parseAsRoot(
        ImageCommand.separated(CommandLine.arguments.dropFirst()))
      try command.run()
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      // Help and version are "errors" of the argument parser that succeed.
      guard Breakwater.exitCode(for: error) != .success else { Breakwater.exit(withError: error) }
      // The argument parser's own line ends; those in names are spelt out.
      let message = Breakwater.message(for: error)
        .replacing(".\n", with: ". ").replacing(/\n +/, with: " ")
      StandardError.line("breakwater: \(message)")
      exit(2)
    }
  }
}

/// Whole lines on standard error, whatever the names in them.
enum StandardError {
  static func line(_ text: String) {
    // A closed standard error leaves nobody to tell.
    try? FileHandle.standardError.write(contentsOf: Data((escaped(text) + "\n").utf8))
  }
}
