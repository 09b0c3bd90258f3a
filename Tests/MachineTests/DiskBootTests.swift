import DiskImages
import Foundation
import MachineTestKit
import Testing
import Virtio

@testable import Machine

/// Booting from a disk (Alpha AHB III, disk bootstrapping), with images that are right and wrong.
@Suite("Disk boot")
struct DiskBootTests {
  /// The bootstrap of firmware/boottest.
  static let bootTest: [UInt8] = {
    let path = "firmware/built/boottest.elf"
    guard let data = FileManager.default.contents(atPath: path),
      let file = try? ELFExecutable([UInt8](data), name: path)
    else { return [] }
    return Array(file.segments.first?.bytes ?? [])
  }()

  /// HALT, at 16 MB.
  static let haltingKernel: [UInt8] = {
    var kernel = SampleELF(address: 0xFFFF_FC00_0100_0000)
    kernel.words = [0, 0]
    return kernel.bytes
  }()

  @Test(
    "boottest finds the state and the callbacks of the architecture, on each interface",
    arguments: [VirtioInterface.modern, .transitional, .legacy])
  func bootTest(interface: VirtioInterface) throws {
    let session = try ConsoleSession(
      ["boot dka0 -flags test -file some"],
      disks: [try BootDisk(Self.bootTest).image, try BootDisk(Self.bootTest).image],
      interface: interface, waitingFor: "# all passed")
    #expect(session.outcome == .testResult(0))
    #expect(session.isFinished, "\(session.text)")
    #expect(session.text.contains("boottest: flags 'test', file 'some'"))
    #expect(!session.text.contains("not ok"))
  }

  @Test("what is wrong with a boot block is said, and the prompt comes back")
  func badBlocks() throws {
    var disk = BootDisk()
    func answer() throws -> [String] {
      Array(try ConsoleSession(["boot dka0"], disks: [disk.image]).answer.dropFirst())
    }
    let invalid = "block 0 of dka0.0.0.1.0 is not a valid boot block: "
    disk.error = 1
    #expect(
      try answer() == [
        invalid + "its checksum is 1234567c, its quadwords add up to 1234567b", "bootstrap failure",
      ])
    disk.error = 0
    disk.flags = 4
    #expect(try answer().first == invalid + "its flags are 4 and must be 0")
    disk.flags = 0
    disk.count = 0
    #expect(try answer().first == invalid + "0 blocks at block 2 are no bootstrap")
    disk.count = 2047
    #expect(
      try answer().first == invalid + "2047 blocks at block 2, but the disk ends at block 2048")
    disk.count = 1
    for block in [2048, 1 << 40, UInt64.max] {
      disk.block = block
      #expect(
        try answer().first == invalid
          + "1 blocks at block \(block), but the disk ends at block 2048")
    }
    disk.block = 1
    disk.count = .max
    #expect(
      try answer().first == invalid
        + "18446744073709551615 blocks at block 1, but the disk ends at block 2048")
    disk.blocks = 20000
    disk.count = 19000
    #expect(try answer().contains { $0.hasPrefix("a bootstrap of 19000 blocks is too large: ") })
  }

  @Test("an empty disk, a missing one and one of no blocks have no boot block")
  func noBlock() throws {
    let empty = try RawImage(MemoryFileStore([UInt8](repeating: 0, count: 4096)), readOnly: false)
    let session = try ConsoleSession(["boot dka0", "boot dkb0", "boot"], disks: [empty])
    #expect(session.text.contains("is not a valid boot block: it is empty\nbootstrap failure"))
    #expect(session.text.contains("failed to open dkb0: there is no such device\n"))
    #expect(session.text.contains("no default boot device"))
    let none = try RawImage(MemoryFileStore([]), readOnly: false)
    let other = try ConsoleSession(["boot dka0"], disks: [none])
    #expect(other.text.contains("failed to read dka0.0.0.1.0: block 0\nbootstrap failure"))
  }

  @Test("a read error names the block")
  func readError() throws {
    var disk = BootDisk([UInt8](repeating: 0, count: 200 * 512))
    disk.blocks = 4096
    let store = disk.store
    store.failure = { operation, range in
      operation == .read && range.overlaps(150 * 512..<151 * 512) ? 5 : nil
    }
    let session = try ConsoleSession(["boot dka0"], disks: [try RawImage(store, readOnly: false)])
    // The console reads 128 blocks at a time from block 2.
    #expect(session.answer.contains("failed to read dka0.0.0.1.0: block 130"))
    #expect(session.answer.last == "bootstrap failure")
  }

  @Test("a halt after a typed boot returns to the prompt, and the disk boots again")
  func halt() throws {
    let session = try ConsoleSession(
      ["boot dka0 -flags halt", "boot dka0.0.0.1.0 -flags halt", "show booted_osflags"],
      disks: [try BootDisk(Self.bootTest).image])
    #expect(session.isFinished)
    #expect(
      session.text.components(
        separatedBy: "halted CPU 0\n\nhalt code = 5\nHALT instruction executed\nPC = 2000"
      ).count == 3)
    #expect(session.answer == ["booted_osflags  halt"])
  }

  @Test("a boot request at the halt boots the same disk with the environment's flags")
  func reboot() throws {
    let session = try ConsoleSession(
      ["set boot_osflags halt", "boot dka0 -flags reboot"],
      disks: [try BootDisk(Self.bootTest).image], waitingFor: "halted CPU 0")
    #expect(session.isFinished)
    #expect(session.text.contains("boottest: flags 'reboot', file ''"))
    #expect(session.text.contains("(boot dka0.0.0.1.0 -flags halt)"))
    #expect(session.text.contains("boottest: flags 'halt', file ''"))
  }

  @Test("an exception of a bootstrap is one line and the prompt")
  func exception() throws {
    let session = try ConsoleSession(
      ["boot dka0 -flags exception"], disks: [try BootDisk(Self.bootTest).image])
    #expect(session.isFinished)
    #expect(session.text.contains("Exception before a kernel took over: entIF(0x1"))
  }

  @Test("auto_action BOOT boots bootdef_dev without anybody typing, and a halt powers off")
  func automatic() throws {
    let disk = try BootDisk(Self.bootTest).image
    let first = try ConsoleSession(
      ["set auto_action boot", "set bootdef_dev dka0", "set boot_osflags halt"], disks: [disk])
    let kept = first.machine.nonvolatileMemory
    let session = try ConsoleSession(
      [], disks: [disk], nonvolatile: kept, waitingFor: "boottest: flags 'halt'")
    #expect(session.isFinished)
    #expect(session.outcome == .poweredOff)
    #expect(!session.text.contains(">>>"))
  }

  @Test("bootdef_dev is a list: the first device that boots, boots")
  func list() throws {
    let empty = try RawImage(MemoryFileStore([UInt8](repeating: 0, count: 4096)), readOnly: false)
    let session = try ConsoleSession(
      ["set bootdef_dev \"dkz0, dka0,dkb0\"", "boot -flags halt"],
      disks: [empty, try BootDisk(Self.bootTest).image])
    #expect(
      session.text.contains("failed to open dkz0: there is no such device\nbootstrap failure\n"))
    #expect(session.text.contains("not a valid boot block: it is empty\nbootstrap failure\n"))
    #expect(session.text.contains("boottest: flags 'halt'"))
  }

  @Test("boot starts a kernel of the emulator when auto_action HALT kept it back")
  func hostKernel() throws {
    let kept = try ConsoleSession(["set auto_action halt"]).machine.nonvolatileMemory
    let session = try ConsoleSession(
      ["boot -flags x", "show device", "boot host"], kernel: Self.haltingKernel, nonvolatile: kept)
    #expect(session.isFinished)
    #expect(session.text.contains("-file and -flags have no meaning for host"))
    #expect(
      session.text.contains("host                the emulator's kernel, entry fffffc0001000000"))
    #expect(session.text.contains("Starting the kernel at 0xfffffc0001000000\n\nhalted CPU 0"))
    let without = try ConsoleSession(["boot host"])
    #expect(
      without.answer == [
        "failed to open host: the emulator was given no kernel", "bootstrap failure",
      ])
  }

  @Test("a kernel of the emulator is what boot boots, and bootdef_dev stays as it was kept")
  func keptDevice() throws {
    let kept = try ConsoleSession(["set auto_action halt", "set bootdef_dev dka0"])
      .machine.nonvolatileMemory
    let session = try ConsoleSession(
      ["set boot_file x", "boot"], kernel: Self.haltingKernel, nonvolatile: kept)
    #expect(session.text.contains("Starting the kernel at"))
    let next = try ConsoleSession(
      ["show bootdef_dev"], nonvolatile: session.machine.nonvolatileMemory)
    #expect(next.answer == ["bootdef_dev     dka0"])
  }

  @Test("a typed boot of the emulator's kernel goes on after its reset, as typed, and only once")
  func hostKernelAfterDisk() throws {
    let kept = try ConsoleSession(["set auto_action halt"]).machine.nonvolatileMemory
    let session = try ConsoleSession(
      ["boot dka0 -flags halt", "boot host", "reset", "show version"],
      disks: [try BootDisk(Self.bootTest).image], kernel: Self.haltingKernel, nonvolatile: kept)
    #expect(session.isFinished)
    #expect(session.text.components(separatedBy: "Breakwater firmware 0.1, 64 MB").count == 4)
    #expect(
      session.text.components(
        separatedBy: "Starting the kernel at 0xfffffc0001000000\n\nhalted CPU 0"
      ).count == 2)
  }

  @Test("a kernel that asks to be booted again is, with auto_action HALT too")
  func hostKernelAgain() throws {
    let kept = try ConsoleSession(["set auto_action halt"]).machine.nonvolatileMemory
    let paltest = try #require(FileManager.default.contents(atPath: "firmware/built/paltest.elf"))
    let session = try ConsoleSession(
      ["boot"], kernel: [UInt8](paltest), commandLine: "!restart", nonvolatile: kept,
      time: 1_000_000)
    #expect(session.text.components(separatedBy: "# fatal test: restart").count > 2)
  }
}
