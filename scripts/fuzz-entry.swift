import FuzzKit
import Glibc

// How scripts/fuzz runs the targets of FuzzKit: under libFuzzer, or (-D REPLAY) for files by name.

#if REPLAY
  /// `replay LIMIT-SECONDS LIMIT-MEGABYTES FILE...`: runs each file's target, the name of its
  /// directory. Status 1 if one takes too much processor time or breaks a promise, or if all together
  /// take too much memory.
  @main struct Replay {
    static func main() {
      let arguments = CommandLine.arguments
      let limit = Duration.seconds(Int(arguments[1]) ?? 1)
      var failures = 0
      var slowest = Duration.zero
      for path in arguments.dropFirst(3) {
        guard let name = path.split(separator: "/").dropLast().last,
          let target = FuzzTarget(rawValue: String(name))
        else { refuse("\(path) is in no target's directory") }
        let bytes = read(path)
        let start = processorTime()
        do {
          try target.run(bytes)
        } catch {
          print("\(path): \(error)")
          failures += 1
        }
        let time = processorTime() - start
        slowest = max(slowest, time)
        guard time > limit else { continue }
        print("\(path): took \(time)")
        failures += 1
      }
      var usage = rusage()
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      let megabytes = usage.ru_maxrss / 1024
      print("\(arguments.count - 3) inputs, the slowest \(slowest), \(megabytes) MB")
      exit(failures > 0 || megabytes > Int(arguments[2]) ?? 0 ? 1 : 0)
    }

    /// Other processes of a busy host do not count; nothing here waits.
    private static func processorTime() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func read(_ path: String) -> [UInt8] {
      guard let file = fopen(path, "r") else { refuse("cannot read \(path)") }
      defer { fclose(file) }
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      let count = fread(&bytes, 1, bytes.count, file)
      return Array(bytes.prefix(count))
    }
  }
#else
  /// Where libFuzzer calls. FUZZ_TARGET names the target.
  @_cdecl("LLVMFuzzerTestOneInput")
  public func testOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    do {
      try target.run(Array(UnsafeBufferPointer(start: data, count: count)))
    } catch {
      fatalError("finding: \(error)")
    }
    return 0
  }

  /// Takes the place of what would let libFuzzer learn from each comparison (`--wrap` of the linker,
  /// in scripts/fuzz): that takes more time than all the rest together.
  @_cdecl("__wrap___sanitizer_cov_trace_cmp8")
  public func ignoreComparison(_ a: UInt64, _ b: UInt64) {}
  /// The same for a comparison with a constant.
  @_cdecl("__wrap___sanitizer_cov_trace_const_cmp8")
  public func ignoreConstantComparison(_ a: UInt64, _ b: UInt64) {}

  private let target: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
      refuse("no target \"\(name)\"; there are \(names)")
    }
    return target
  }()
#endif

/// Ends a run that was asked for in the wrong way: no crash for libFuzzer, which sees every exit.
private func refuse(_ what: String) -> Never {
  fputs("fuzz: \(what)\n", stderr)
  fflush(nil)
  _exit(2)
}
