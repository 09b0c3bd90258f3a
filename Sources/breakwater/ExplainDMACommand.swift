internal import ArgumentParser
internal import GuestMemory
internal import Machine
internal import Tsunami

/// `breakwater explain-dma`.
struct ExplainDMACommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain-dma",
    abstract: "Say what a bus address means under given Pchip window registers.",
    discussion: "Numbers are decimal, or hexadecimal with 0x. No map is read: memory is empty.")

  @Option(
    help: ArgumentHelp(
      "A window: its number, WSBA, WSM and TBA, as N:WSBA:WSM:TBA. May be repeated.",
      valueName: "n:wsba:wsm:tba"))
  var window: [WindowArgument] = []

  @Flag(help: "PCTL.HOLE is set.")
  var hole = false

  @Flag(help: "PCTL.MWIN is set.")
  var monster = false

  @Argument(help: "Bus addresses.")
  var address: [Number]

  mutating func validate() throws {
    // Of windows that claim an address the one with the lowest number answers.
    window.sort { $0.window.number < $1.window.number }
    for (one, next) in zip(window, window.dropFirst())
    where one.window.number == next.window.number {
      throw ValidationError("--window: window \(one.window.number) is given twice")
    }
  }

  func run() throws {
    let translator = DMATranslator(
      memory: try GuestRAM(byteCount: 1 << 35), isLenient: true)
    translator.settings.windows = window.map(\.window)
    translator.settings.hasHole = hole
    translator.settings.hasMonsterWindow = monster
    for address in address { print(translator.explain(BusAddress(address.value))) }
  }
}

/// A decimal or hexadecimal number.
struct Number: ExpressibleByArgument {
  let value: UInt64

  init(_ value: UInt64) { self.value = value }

  var defaultValueDescription: String { "\(value)" }

  init?(argument: String) {
    let isHexadecimal = argument.lowercased().hasPrefix("0x")
    guard
      let value = isHexadecimal
        ? UInt64(argument.dropFirst(2), radix: 16) : UInt64(argument)
    else { return nil }
    self.value = value
  }
}

/// One window as `N:WSBA:WSM:TBA`.
struct WindowArgument: ExpressibleByArgument {
  let window: DMAWindow

  init?(argument: String) {
    let fields = argument.split(separator: ":", omittingEmptySubsequences: false)
    let values = fields.compactMap { Number(argument: String($0))?.value }
    guard fields.count == 4, values.count == 4, values[0] < 4 else { return nil }
    window = DMAWindow(number: Int(values[0]), wsba: values[1], wsm: values[2], tba: values[3])
  }
}
