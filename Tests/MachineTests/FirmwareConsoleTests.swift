import Foundation
import Machine
import Testing

/// The commands of our firmware's prompt.
@Suite("Firmware console")
struct FirmwareConsoleTests {
  @Test("commands may be cut short, in either case")
  func abbreviations() throws {
    let session = try ConsoleSession(["SH VERS"])
    #expect(session.isFinished)
    #expect(session.answer.first?.contains("OSF/1 PALcode") == true)
    #expect(session.outcome == .timeLimit)
  }

  @Test(
    "a wrong line is answered by what would be right",
    arguments: [
      ("frobnicate", "frobnicate: no such command; \"help\" lists them"),
      ("show bogus", "bogus: no such variable; \"show *\" lists them"),
      ("set auto_action maybe", "auto_action is BOOT, HALT or RESTART"),
      ("set booted_dev x", "booted_dev: only the console sets it"),
      ("set boot_osflags \"a b", "a double quote does not end"),
      ("boot a b", "boot [-file file] [-flags flags] [device]"),
      ("boot -flags", "boot [-file file] [-flags flags] [device]"),
      ("power on", "power off"),
    ])
  func errors(line: String, answer: String) throws {
    #expect(try ConsoleSession([line]).answer == [answer])
  }

  @Test("deposit and examine agree, and an address without memory is no end")
  func memory() throws {
    let session = try ConsoleSession([
      "deposit -l 2000000 12345678", "examine -w -n 2 2000000", "examine 7f0000000",
    ])
    #expect(session.text.contains("pmem:          2000000  5678\npmem:          2000002  1234\n"))
    #expect(session.answer == ["pmem:        7f0000000  no access"])
  }

  @Test("editing: backspace, Ctrl-U, Ctrl-C and the arrow keys")
  func editing() throws {
    let session = try ConsoleSession([
      "xx\u{15}show autoX\u{8}", "show boot_reset", "\u{1B}[A\u{1B}[A", "garbage\u{3}show tty_dev",
      "\u{1B}[A\u{1B}[A\u{1B}[B",
    ])
    #expect(session.text.components(separatedBy: "\nauto_action     HALT\n").count == 3)
    #expect(session.text.contains("\ntty_dev         0\n"))
    #expect(!session.text.contains("no such"))
    #expect(session.answer == ["tty_dev         0"])
  }

  @Test("power off, halt and reset are what they say")
  func endings() throws {
    for command in ["power off", "halt"] {
      #expect(try ConsoleSession([command]).outcome == .poweredOff)
    }
    let session = try ConsoleSession(["reset", "show version"])
    #expect(session.text.components(separatedBy: "Breakwater firmware 0.1, 64 MB").count == 3)
  }

  @Test("nonvolatile variables outlive a reset and a machine, others do not")
  func nonvolatile() throws {
    let first = try ConsoleSession([
      "set boot_osflags \"root=/dev/vda 1\"", "set bootdef_dev dka0", "set bootdef_dev ",
      "set -default bootdef_dev", "init", "show boot_osflags",
    ])
    #expect(first.answer == ["boot_osflags    root=/dev/vda 1"])
    let kept = first.machine.nonvolatileMemory
    let second = try ConsoleSession(["show boot*"], nonvolatile: kept)
    #expect(second.answer == ["boot*: no such variable; \"show *\" lists them"])
    let third = try ConsoleSession(["show boot_osf"], nonvolatile: kept)
    #expect(third.answer == ["boot_osflags    root=/dev/vda 1"])
  }

  @Test("nonvolatile memory that something else wrote is left aside")
  func foreignMemory() throws {
    for seed in 0..<4 {
      var bytes = (0..<114).map { UInt8(truncatingIfNeeded: $0 * 37 + seed) }
      bytes[2] = 0x57  // what the console marks its own with
      let session = try ConsoleSession(["show boot_osflags"], nonvolatile: bytes)
      #expect(session.answer == ["boot_osflags    "])
    }
  }

  @Test("a value that the nonvolatile memory cannot hold is said to be lost at a reset")
  func fullMemory() throws {
    let long = String(repeating: "x", count: 120)
    let session = try ConsoleSession(["set boot_file \(long)"])
    #expect(
      session.answer == [
        "the nonvolatile memory is full: boot_file will be lost at a reset"
      ])
  }
}
