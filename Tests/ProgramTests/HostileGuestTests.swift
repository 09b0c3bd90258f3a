import Foundation
import Testing

/// Guests that misbehave end in a limit, a fault or a halt, never in a crash of the emulator.
@Suite("Hostile guests", .enabled(if: Program.isBuilt, Program.missing))
struct HostileGuestTests {
  struct Guest: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var words: [UInt32]
    /// What the program ends with: 124 at the limit, 1 after an exception.
    var status: Int32
  }

  // r1 = KSEG base: lda r1, -1; sll r1, 42, r1.
  private static let ksegBase: [UInt32] = [0x203F_FFFF, 0x4825_5721]

  static let guests = [
    Guest(testDescription: "a loop", words: [0xC3FF_FFFF], status: 124),
    Guest(testDescription: "a jump to nowhere", words: [0x6BE1_0000], status: 1),
    Guest(
      testDescription: "a jump into I/O space",
      // r1 = KSEG base + 2^40: lda r2, 1; sll r2, 40; addq; jmp.
      words: ksegBase + [0x205F_0001, 0x4845_1722, 0x4022_0401, 0x6BE1_0000], status: 1),
    Guest(
      testDescription: "zeroes over all memory, firmware and itself included",
      words: ksegBase + [0xB7E1_0000, 0x4021_1401, 0xC3FF_FFFD], status: 124),
    Guest(
      testDescription: "garbage over firmware and page tables",
      words: ksegBase + [0xB421_0000, 0x4021_1401, 0xC3FF_FFFD], status: 124),
    Guest(
      testDescription: "reserved opcodes", words: [0x0400_0000, 0x1C00_0FFF, 0xC3FF_FFFD], status: 1
    ),
    Guest(testDescription: "PALmode instructions outside PALmode", words: [0x7BFF_8000], status: 1),
    Guest(testDescription: "a halt", words: [0], status: 0),
  ]

  @Test("ends as it must", arguments: guests)
  func ends(_ guest: Guest) async throws {
    let directory = try TemporaryDirectory()
    let kernel = directory.write(TinyKernel.elf(guest.words), to: "guest.elf")
    let run = try await Program.run(
      "run", "--kernel", kernel, "--memory", "64M", "--max-instructions", "200000000")
    #expect(run.status == guest.status, "\(run.errors)")
    #expect(try #require(run.errorLines.last).contains("instructions"))
  }

  @Test("an endless loop stops at the exact instruction limit with status 124")
  func exactLimit() async throws {
    let directory = try TemporaryDirectory()
    let kernel = directory.write(TinyKernel.elf([0xC3FF_FFFF]), to: "loop.elf")
    let run = try await Program.run(
      "run", "--kernel", kernel, "--max-instructions", "12345678")
    #expect(run.status == 124)
    #expect(run.errors.contains("(12345678 instructions"))
  }

  @Test("a time limit ends a run with status 124")
  func timeLimit() async throws {
    let directory = try TemporaryDirectory()
    let kernel = directory.write(TinyKernel.elf([0xC3FF_FFFF]), to: "loop.elf")
    let run = try await Program.run("run", "--kernel", kernel, "--timeout", "0.01")
    #expect(run.status == 124)
    #expect(run.errors.contains("0.010000 s of guest time"))
  }

  @Test("with the host's clock no guest is faster than the world")
  func hostClock() async throws {
    let directory = try TemporaryDirectory()
    let kernel = directory.write(TinyKernel.elf([0xC3FF_FFFF]), to: "loop.elf")
    let start = ContinuousClock.now
    let run = try await Program.run(
      "run", "--clock", "host", "--kernel", kernel, "--timeout", "1")
    #expect(run.status == 124)
    #expect(ContinuousClock.now - start >= .milliseconds(900))
  }

  @Test("Ctrl-C ends a run with status 130")
  func interrupt() async throws {
    let directory = try TemporaryDirectory()
    let kernel = directory.write(TinyKernel.elf([0xC3FF_FFFF]), to: "loop.elf")
    let run = try await Program.run(
      "run", "--kernel", kernel, interruptAfter: .seconds(2))
    #expect(run.status == 130)
    #expect(run.errors.contains("interrupted"))
  }
}
