import ArgumentParser
import Foundation

/// Random loads on images of all kinds; qemu-img judges what is left.
@main
struct DiskLoad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disk-load",
    abstract: "Run random loads on qcow2 images, one image per seed, and let qemu-img judge them.",
    discussion: "Exit status 1 when one fails; its directory is then kept.")

  @Option(help: "The first seed.")
  var first: UInt64 = 1

  @Option(help: "Number of seeds.")
  var seeds: UInt64 = 13

  @Option(help: "Operations on each image.")
  var operations = 1000

  @Option(help: "Where the images are made; memory is fastest.")
  var directory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"

  mutating func validate() throws {
    guard seeds > 0, operations > 0 else { throw ValidationError("numbers must be above zero") }
  }

  func run() throws {
    let start = ContinuousClock.now
    var failures = 0
    for seed in first..<first + seeds {
      let place = directory + "/disk-load-\(getpid())-\(seed)"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      do {
        try judge(seed, in: place)
        try FileManager.default.removeItem(atPath: place)
      } catch {
        failures += 1
        print("seed \(seed) (\(LoadKind(seed: seed))): \(error); see \(place)")
      }
    }
    let time = (ContinuousClock.now - start).formatted(.units(allowed: [.seconds]))
    print("\(seeds) seeds of \(operations) operations in \(time), \(failures) failed")
    if failures > 0 { throw ExitCode(1) }
  }

  private func judge(_ seed: UInt64, in place: String) throws {
    var load = try Load(seed: seed, in: place)
    try load.run(operations: operations)
    for arguments in [
      ["check", "-q", "-f", "qcow2", load.path],
      ["compare", "-q", "-f", "qcow2", "-F", "raw", load.path, place + "/model.raw"],
    ] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["qemu-img"] + arguments
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw Load.Failure(
          text: "qemu-img \(arguments[0]) gives status \(process.terminationStatus)")
      }
    }
  }
}
