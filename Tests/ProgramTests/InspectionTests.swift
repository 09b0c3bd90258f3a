import Testing

/// The commands that only look: `disassemble` and `explain-dma`.
@Suite("inspection", .enabled(if: Program.isBuilt, Program.missing))
struct InspectionTests {
  @Test("disassemble lists every segment of an ELF file from its own start")
  func disassemble() async throws {
    let run = try await Program.run("disassemble", "firmware/built/dmatest.elf")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lines.count > 1000)
    // firmware/dmatest/start.S
    #expect(run.lines.first == "fffffc0001000000:\tbr t12,0xfffffc0001000004")
    let second = try #require(run.lines.dropFirst().first)
    #expect(second.hasPrefix("fffffc0001000004:\tldah gp,"), "\(second)")
  }

  @Test("explain-dma asks windows by their numbers, whatever their order")
  func windowOrder() async throws {
    let windows = ["1:0x1:0xfff00000:0x200000", "0:0x1:0xfff00000:0x100000"]
    for order in [windows, windows.reversed()] {
      let run = try await Program.run(
        Program.path, ["explain-dma"] + order.flatMap { ["--window", $0] } + ["0x1000"])
      #expect(run.status == 0)
      #expect(run.lines.contains { $0.hasPrefix("claimed by window 0") }, "\(run.output)")
    }
    let twice = try await Program.run(
      Program.path, ["explain-dma"] + windows.flatMap { _ in ["--window", windows[0]] } + ["0"])
    #expect(twice.status == 2)
    #expect(twice.errors.contains("window 1 is given twice"), "\(twice.errors)")
  }
}
