import Foundation
import Testing

@testable import DiskImages

@Suite struct HostFileTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  @Test("F1, I63: a missing file, a directory, a FIFO and a device are refused without blocking")
  func refused() throws {
    #expect(unsafe mkfifo(directory.file("fifo"), 0o600) == 0)
    for (path, expected) in [
      (directory.file("none"), "cannot open: No such file or directory"),
      (directory.path, "is a directory; an image is a regular file or a block device"),
      (directory.file("fifo"), "is a FIFO; an image is a regular file or a block device"),
      ("/dev/null", "is a character device; an image is a regular file or a block device"),
    ] {
      #expect(fault { _ = try HostFile(path, writable: false) } == "\(path): \(expected)")
    }
    #expect(
      fault { _ = try HostFile(directory.path, writable: true) }
        == "\(directory.path): is a directory; an image is a regular file or a block device")
  }

  @Test("F3, F5, F7, F10: positional transfers, sparse growth, holes")
  func transfers() throws {
    let file = try HostFile.create(directory.file("new"))
    try file.setByteCount(1 << 30)
    try file.write(at: 1 << 20, [1, 2, 3])
    try file.flush()
    #expect(try file.bytes(at: (1 << 20) - 1, count: 5) == [0, 1, 2, 3, 0])
    #expect(try file.byteCount() == 1 << 30)
    var bytes = [UInt8](repeating: 9, count: 100)
    var span = bytes.mutableSpan
    #expect(try file.read(at: (1 << 30) - 10, into: &span) == 10)
    #expect(bytes == [UInt8](repeating: 0, count: 100))
    var other = bytes.mutableSpan
    #expect(try file.read(at: .max, into: &other) == 0)
    #expect(throws: ImageFault.self) { try file.write(at: .max, [1]) }
    let first = try file.run(at: 0)
    if !first.isData {
      #expect(first.end <= 1 << 20)
      #expect(try file.run(at: 1 << 20).isData)
      if try file.punchHole(0..<2 << 20) {
        #expect(try file.bytes(at: 1 << 20, count: 3) == [0, 0, 0])
      }
    }
    #expect(throws: ImageFault.self) { try HostFile.create(directory.file("new")) }
  }

  @Test("An unlinked file has no name and takes data")
  func unlinked() throws {
    let file = try HostFile.unlinked(in: directory.path)
    try file.write(at: 4096, [5])
    #expect(try file.bytes(at: 4096, count: 1) == [5])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
  }

  @Test("A file that cannot grow is cleared in place, as far as is asked for")
  func clear() throws {
    let path = try directory.write("image", [UInt8](repeating: 7, count: 8192))
    let file = try HostFile(path, writable: true)
    #expect(file.capacity == nil)
    let fixed = BoundedStore(file)
    try fixed.clear(5000)
    #expect(try file.bytes(at: 4999, count: 3) == [0, 7, 7])
    #expect(fault { try fixed.clear(8193) } == "\(path): has 8192 bytes, but 8193 are needed")
    try file.clear(100)
    #expect(try file.byteCount() == 100)
    #expect(try file.bytes(at: 0, count: 100) == [UInt8](repeating: 0, count: 100))
  }

  @Test(
    "A device has a capacity and keeps its size",
    .enabled(if: LoopDevice.isPossible, LoopDevice.missing))
  func device() throws {
    let device = try LoopDevice(try directory.write("disk", [UInt8](repeating: 7, count: 1 << 20)))
    let file = try HostFile(device.path, writable: true)
    #expect(file.capacity == 1 << 20)
    try file.setByteCount(1 << 20)
    #expect(
      fault { try file.setByteCount(0) }
        == "\(device.path): is a device of 1048576 bytes, whose size cannot be changed")
    #expect { try file.write(at: 1 << 20, [1]) } throws: {
      ($0 as? ImageFault)?.isOutOfSpace == true
    }
  }

  @Test(
    "A qcow2 image on a device that is too small for its disk",
    .enabled(if: LoopDevice.isPossible, LoopDevice.missing))
  func imageOnDevice() throws {
    let device = try LoopDevice(try directory.write("disk", [UInt8](repeating: 7, count: 1 << 20)))
    let file = try HostFile(device.path, writable: true)
    try QcowImage.create(on: file, .init(byteCount: 8 << 20))
    let image = try QcowImage(file, readOnly: false)
    #expect(try image.bytes(at: 0, count: 512) == [UInt8](repeating: 0, count: 512))
    var stored: UInt64 = 0
    while (try? image.write(at: stored << 16, [5])) != nil, stored < 16 { stored += 1 }
    #expect((1..<16).contains(stored))
    #expect { try image.write(at: stored << 16, [5]) } throws: {
      ($0 as? ImageFault)?.isOutOfSpace == true
    }
    try image.flush()
    try image.close()
    #expect(try QcowImage.check(file).exitStatus == 0)
    #expect(try QcowImage(file).bytes(at: 0, count: 3) == [5, 0, 0])
  }

  @Test("K1-K4, I93: readers share, a writer excludes writers and readers")
  func locks() throws {
    let path = try directory.write("image", [UInt8](repeating: 0, count: 512))
    let reader = try HostFile(path, writable: false)
    #expect(try reader.lock())
    do {
      let second = try HostFile(path, writable: false)
      #expect(try second.lock())
      let writer = try HostFile(path, writable: true)
      #expect(
        fault { _ = try writer.lock() }
          == "\(path): is in use: another process does not allow writing")
      let third = try HostFile(path, writable: false)
      #expect(try third.lock(), "a refused writer leaves no lock behind")
    }
    let path2 = try directory.write("other", [UInt8](repeating: 0, count: 512))
    let writer = try HostFile(path2, writable: true)
    #expect(try writer.lock())
    let late = try HostFile(path2, writable: false)
    #expect(fault { _ = try late.lock() } == "\(path2): is in use: another process is writing")
  }
}
