internal import ArgumentParser

@main
struct Breakwater: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "breakwater",
    abstract: "A full-system emulator of a small DEC Alpha machine.",
    subcommands: [RunCommand.self],
    defaultSubcommand: RunCommand.self)
}
