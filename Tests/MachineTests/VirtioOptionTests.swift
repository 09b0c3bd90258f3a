import Console
import Machine
import Testing
import Virtio
import VirtioEntropy

@Suite("--rng and --virtio-console")
struct VirtioOptionTests {
  @Test(
    "every key of --rng is understood",
    arguments: [
      ("source=seed", EntropySource.seed(0)), ("seed=7", .seed(7)), ("source=host", .host),
      ("seed=18446744073709551615,source=seed", .seed(.max)),
    ])
  func rng(_ text: String, _ source: EntropySource) throws {
    #expect(try EntropyConfiguration(parsing: text).source == source)
  }

  @Test("the keys of every virtio device")
  func placement() throws {
    let text = "interface=legacy,access-platform=off,dma=translated,slot=4"
    let place = VirtioPlacement(
      interface: .legacy, policy: DMAPolicy(accessPlatform: .off, unnegotiated: .translated),
      slot: 4)
    #expect(try EntropyConfiguration(parsing: text).placement == place)
    #expect(try VirtioConsoleConfiguration(parsing: "none,\(text)").placement == place)
  }

  @Test("every key of --virtio-console is understood")
  func console() throws {
    let console = try VirtioConsoleConfiguration(
      parsing: "stdio,port=log:file:/tmp/a:b,port=org.x.agent:unix:s,size=132x43")
    #expect(console.targets == [.stdio, .file("/tmp/a:b"), .unix("s")])
    #expect(console.ports.map(\.name) == ["log", "org.x.agent"])
    #expect(console.size == WindowSize(columns: 132, rows: 43))
  }

  @Test(
    "what is wrong with --rng is named, with what would be right",
    arguments: [
      ("", "none of the keys source="), ("random", "seed=, interface="),
      ("source=dice", "seed, host"), ("seed=-1", "0 to 18446744073709551615"),
      ("seed=1,source=host", "no use for a seed"), ("slot=0", "1 to 6"),
    ])
  func rngErrors(_ text: String, _ says: String) throws {
    let error = try #require(throws: MachineSetUpError.self) {
      try EntropyConfiguration(parsing: text)
    }
    #expect(error.description.contains(says), "\(error)")
  }

  @Test(
    "what is wrong with --virtio-console is named, with what would be right",
    arguments: [
      ("", "stdio, file:PATH"), ("tcp:1", "stdio, file:PATH"), ("file:", "stdio, file:PATH"),
      ("none,colour=red", "none of the keys port="), ("none,port=log", "NAME:TARGET"),
      ("none,port=log:tcp:1", "NAME:TARGET"), ("none,size=80", "80x24"),
      ("none,size=0x24", "80x24"), ("none,size=80x24x2", "80x24"),
    ])
  func consoleErrors(_ text: String, _ says: String) throws {
    let error = try #require(throws: MachineSetUpError.self) {
      try VirtioConsoleConfiguration(parsing: text)
    }
    #expect(error.description.contains(says), "\(error)")
  }

  @Test("a target reads what it writes")
  func targets() {
    for target in [.stdio, .none, .file("a"), .unix("b:c")] as [ConsoleTarget] {
      #expect(ConsoleTarget("\(target)") == target)
    }
  }
}
