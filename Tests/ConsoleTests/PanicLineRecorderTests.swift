import Console
import Testing

@Suite struct PanicLineRecorderTests {
  private func heard(_ output: String) -> (line: String?, passedOn: String) {
    let buffer = ConsoleBuffer()
    let recorder = PanicLineRecorder(buffer)
    for byte in output.utf8 { recorder.send(byte) }
    return (recorder.panicLine, buffer.outputText)
  }

  @Test(arguments: [
    (
      "Linux version\r\nKernel panic - not syncing: VFS\r\nRebooting\r\n",
      "Kernel panic - not syncing: VFS"
    ),
    ("panic: trap\r\n", "panic: trap"),
    ("first panic\nsecond PANIC\n", "second PANIC"),
    ("an unfinished panic", "an unfinished panic"),
    ("\u{1B}[1mpanic\u{7}\n", "[1mpanic"),
    ("\u{9B}1mpanic\u{85}\n", "1mpanic"),
  ]) func `the last line that mentions a panic is kept`(output: String, line: String) {
    #expect(heard(output).line == line)
    #expect(heard(output).passedOn == output)
  }

  @Test(arguments: ["", "\n\n", "pan\nic\n", "all is well\n"])
  func `other output leaves nothing`(output: String) {
    #expect(heard(output).line == nil)
  }

  @Test func `a line without end is bounded`() {
    let endless = "panic" + String(repeating: "x", count: 100_000)
    #expect(heard(endless).line?.count == 240)
  }
}
