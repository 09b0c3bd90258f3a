import Machine
import Testing
import Virtio
import VirtioBlock

@Suite("--disk")
struct DiskConfigurationTests {
  @Test("every key is understood")
  func keys() throws {
    let disk = try DiskConfiguration(
      parsing: "a.img,format=raw,readonly=on,overlay=temp,serial=S1,interface=transitional,"
        + "access-platform=off,dma=physical,queues=2,queue-size=64,slot=3")
    #expect(disk.path == "a.img")
    #expect(disk.format == "raw")
    #expect(disk.isReadOnly)
    #expect(disk.overlay == .temporary)
    #expect(disk.options.serial == "S1")
    #expect(
      disk.placement
        == VirtioPlacement(
          interface: .transitional,
          policy: DMAPolicy(accessPlatform: .off, unnegotiated: .physical), slot: 3))
    #expect(disk.options.queueCount == 2)
    #expect(disk.options.queueSize == 64)
  }

  @Test(
    "overlay names a file, or none or temp",
    arguments: [
      ("none", DiskConfiguration.Overlay.none), ("temp", .temporary), ("x.qcow2", .file("x.qcow2")),
    ])
  func overlay(_ value: String, _ expected: DiskConfiguration.Overlay) throws {
    #expect(try DiskConfiguration(parsing: "a,overlay=\(value)").overlay == expected)
  }

  @Test(
    "what is wrong is named, with what would be right",
    arguments: [
      ("", "no file"), ("a,colour=red", "none of the keys format="),
      ("a,format", "none of the keys"), ("a,serial=a-name-of-21-letters-x", "at most 20 ASCII"),
      ("a,serial=\u{E9}", "at most 20 ASCII"),
      ("a,format=vmdk", "raw, qcow2"), ("a,readonly=maybe", "on, off"), ("a,slot=7", "1 to 6"),
      ("a,queues=0", "1 to 16"), ("a,queue-size=9999", "4 to 1024"), ("a,dma=both", "physical"),
      ("a,overlay=", "none, temp"), ("a,overlay=x.qcow2,readonly=on", "overlay=none"),
    ])
  func errors(_ text: String, _ says: String) throws {
    let error = try #require(throws: MachineSetUpError.self) {
      try DiskConfiguration(parsing: text)
    }
    #expect(error.description.contains(says), "\(error)")
  }
}
