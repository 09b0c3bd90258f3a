import Foundation
import Testing

@testable import DiskImages

/// Against the servers that people use.
@Suite("NBD servers", .enabled(if: NBDServer.isInstalled, NBDServer.reason))
struct NBDServerTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  /// A disk of random bytes.
  private func makeDisk(seed: UInt64) throws -> [UInt8] {
    var random = TestRandom(seed: seed)
    let bytes = random.bytes(1 << 20)
    try directory.write("disk", bytes)
    return bytes
  }

  private func load(_ name: String, _ model: [UInt8], seed: UInt64) throws -> [UInt8] {
    let image = try ImageOpener().open(name, format: .raw, readOnly: false)
    #expect(image.byteCount == model.count)
    var load = GuestLoad(seed: seed, content: model)
    for _ in 0..<300 { try load.step(image, limit: 700_000) }
    try image.close()
    return load.model
  }

  @Test("Q33: random requests on qemu-nbd agree with an array")
  func qemu() throws {
    let content = try makeDisk(seed: 1)
    let server = try NBDServer(qemu: "-f", "raw", "--discard=unmap", directory.file("disk"))
    let model = try load(server.name(), content, seed: 2)
    server.stop()
    #expect(try directory.read("disk") == model)
  }

  @Test(
    "Random requests on nbdkit agree with an array, whatever its blocks and abilities",
    arguments: [
      [],
      ["--filter=blocksize-policy", "blocksize-minimum=4096", "blocksize-error-policy=error"],
      [
        "--filter=blocksize-policy", "blocksize-minimum=512", "blocksize-preferred=512",
        "blocksize-maximum=4096", "blocksize-error-policy=error",
      ],
      ["--filter=nozero", "--filter=noextents"], ["--no-sr"],
    ])
  func nbdkit(_ options: [String]) throws {
    let content = try makeDisk(seed: 3)
    let server = try NBDServer(
      nbdkit: options.filter { $0.hasPrefix("-") } + ["file", directory.file("disk")]
        + options.filter { !$0.hasPrefix("-") })
    let model = try load(server.name(), content, seed: 4)
    #expect(
      try ImageOpener().open(server.name(), readOnly: true).bytes(at: 0, count: model.count)
        == model)
  }

  @Test("Random requests on a qcow2 image in an export agree with an array, and it checks")
  func qcow2() throws {
    let path = directory.file("disk")
    let file = try HostFile.create(path)
    try QcowImage.create(on: file, .init(byteCount: 2 << 20))
    try file.setByteCount(16 << 20)
    let server = try NBDServer(qemu: "-f", "raw", "--discard=unmap", path)
    let image = try ImageOpener().open(server.name(), format: .qcow2, readOnly: false)
    var load = GuestLoad(seed: 6, content: [UInt8](repeating: 0, count: 2 << 20))
    for _ in 0..<300 { try load.step(image, limit: 300_000) }
    try image.close()
    #expect(try QcowImage.check(file).exitStatus == 0)
    #expect(try QcowImage(file).bytes(at: 0, count: 2 << 20) == load.model)
    #expect(
      fault { _ = try ImageOpener().open(server.name(), readOnly: false) }?
        .contains("format=qcow2") == true)
  }

  @Test("Holes of a file are holes of its export; without the server's word all is data")
  func holes() throws {
    let path = directory.file("disk")
    let file = try HostFile.create(path)
    try file.setByteCount(8 << 20)
    try file.write(at: 1 << 20, [UInt8](repeating: 1, count: 65536))
    let server = try NBDServer(qemu: "-f", "raw", path)
    let export = try ImageOpener.store(server.name(), writable: false)
    var offset: UInt64 = 0
    while offset < 8 << 20 {
      let (here, there) = (try file.run(at: offset), try export.run(at: offset))
      #expect(here == there, "at \(offset)")
      offset = here.end
    }
    let silent = try NBDServer(nbdkit: ["--filter=noextents", "file", path])
    #expect(
      try ImageOpener.store(silent.name(), writable: false).run(at: 0) == (true, 8 << 20))
  }

  @Test("Wrong exports and read-only ones are named in one line")
  func refusals() throws {
    try directory.write("disk", [UInt8](repeating: 1, count: 4096))
    let server = try NBDServer(
      qemu: "-f", "raw", "--read-only", "-x", "boot", directory.file("disk"))
    func line(_ name: String, writable: Bool = false) -> String? {
      fault { _ = try ImageOpener.store(name, writable: writable) }
    }
    #expect(
      line(server.name())
        == "\(server.name()): its server has no export \"\"; it has \"boot\"")
    let name = server.name("boot")
    #expect(line(name) == nil)
    #expect(
      line(name, writable: true)
        == "\(name): cannot be written: its server exports it read-only")
    let old = try NBDServer(nbdkit: ["--oldstyle", "memory", "1M"])
    #expect(line(old.name())?.contains("too old") == true)
  }

  @Test("R11: who may be connected to is never an image's choice, and a server names no files here")
  func hostileNames() throws {
    try directory.write("disk", [UInt8](repeating: 1, count: 1 << 20))
    let server = try NBDServer(qemu: "-f", "raw", "--read-only", directory.file("disk"))
    var options = QcowImage.CreationOptions(byteCount: 1 << 20)
    options.backingFormat = .raw
    func overlay(_ name: String, over base: String) throws -> String {
      options.backingName = base
      try QcowImage.create(on: HostFile.create(directory.file(name)), options)
      return directory.file(name)
    }
    for (index, base) in [server.name(), "nbd+unix:///?socket=\(server.socket)"].enumerated() {
      let path = try overlay("top\(index)", over: base)
      #expect(
        fault { _ = try ImageOpener().open(path, readOnly: true) }?.contains(
          "looks like a protocol") == true)
    }
    let local = try overlay("local", over: directory.file("disk"))
    let qcow = try NBDServer(qemu: "-f", "raw", "--read-only", local)
    #expect(
      fault { _ = try ImageOpener().open(qcow.name(), format: .qcow2, readOnly: true) }?
        .contains("names no files here") == true)
  }

  @Test("An overlay file over an export, which only the user's own word opens again")
  func overlay() throws {
    try directory.write("disk", [UInt8](repeating: 1, count: 1 << 20))
    // One client at a time: a second connection would wait for ever.
    let server = try NBDServer(qemu: "-f", "raw", "--read-only", directory.file("disk"))
    let overlay = directory.file("over.qcow2")
    for round in 0..<2 {
      let image = try ImageOpener().open(server.name(), overlay: overlay)
      #expect(try image.bytes(at: 99, count: 3) == [1, round == 0 ? 1 : 7, 1])
      try image.write(at: 100, [7])
      try image.close()
    }
    #expect(
      try QcowImage(HostFile(overlay, writable: false)).information.backingName == server.name())
    #expect(
      fault { _ = try ImageOpener().open(overlay, format: .qcow2, readOnly: false) }?
        .contains("looks like a protocol") == true)
    let other = try NBDServer(qemu: "-f", "raw", "--read-only", directory.file("disk"))
    #expect(
      fault { _ = try ImageOpener().open(other.name(), overlay: overlay) }?
        .contains("is an overlay of") == true)
    #expect(
      fault { _ = try ImageOpener().open(directory.file("disk"), overlay: other.name()) }?
        .contains("cannot be made") == true)
  }
}
