internal import AlphaISA
internal import ArgumentParser
internal import Machine

/// `breakwater disassemble`.
struct DisassembleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disassemble",
    abstract: "Print the instructions of an Alpha ELF file in the syntax of GNU objdump.")

  @Argument(help: ArgumentHelp("The file.", valueName: "elf"))
  var file: String

  func run() throws {
    let content = try MachineConfiguration.NamedFile(reading: file)
    let executable = try ELFExecutable(content.bytes, name: file)
    for segment in executable.segments {
      for offset in stride(from: 0, to: segment.bytes.count & ~3, by: 4) {
        let raw = segment.bytes.dropFirst(offset).prefix(4).reversed().reduce(UInt32(0)) {
          $0 << 8 | UInt32($1)
        }
        let address = segment.address &+ UInt64(offset)
        let text = Disassembler.text(for: InstructionWord(rawValue: raw), at: address)
        print("\(String(address, radix: 16)):\t\(text)")
      }
    }
  }
}
