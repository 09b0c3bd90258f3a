internal import CGuestFiles
public import DiskImages

/// The files inside the program: firmware, the DMA test guest and its disks.
public enum BuiltInFiles {
  /// Our firmware.
  public static var firmware: MachineConfiguration.NamedFile { unsafe file(guest_file_firmware) }
  /// The DMA test guest.
  public static var dmaTest: MachineConfiguration.NamedFile { unsafe file(guest_file_dmatest) }

  /// The DMA test's disks under temporary overlays: one to read, one to write.
  public static func dmaTestDisks() throws(ImageFault) -> [any DiskImage] {
    var disks: [any DiskImage] = []
    for content in unsafe [file(guest_file_test_disk), file(guest_file_scratch_disk)] {
      let base = try QcowImage(ReadOnlyBytes(content))
      disks.append(
        TemporaryOverlay(over: base, scratch: try HostFile.unlinked(in: "/var/tmp")))
    }
    return disks
  }

  @unsafe private static func file(_ file: guest_file) -> MachineConfiguration.NamedFile {
    MachineConfiguration.NamedFile(
      name: unsafe String(cString: file.name),
      bytes: unsafe [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.count)))
  }
}

/// Bytes in memory as a file that cannot change.
private final class ReadOnlyBytes: FileStore {
  let name: String
  let identity: FileIdentity? = nil
  let isWritable = false
  private let bytes: [UInt8]

  init(_ file: MachineConfiguration.NamedFile) {
    name = file.name
    bytes = file.bytes
  }

  func byteCount() throws(ImageFault) -> UInt64 { UInt64(bytes.count) }

  func read(at offset: UInt64, into target: inout MutableSpan<UInt8>) throws(ImageFault) -> Int {
    let available = Int(clamping: UInt64(bytes.count) - min(offset, UInt64(bytes.count)))
    let count = min(available, target.count)
    for index in 0..<target.count {
      target[index] = index < count ? bytes[Int(offset) + index] : 0
    }
    return count
  }

  func write(at offset: UInt64, from bytes: Span<UInt8>) throws(ImageFault) { throw readOnly }
  func flush() throws(ImageFault) {}
  func setByteCount(_ count: UInt64) throws(ImageFault) { throw readOnly }
  func punchHole(_ range: Range<UInt64>) throws(ImageFault) -> Bool { false }

  func run(at offset: UInt64) throws(ImageFault) -> (isData: Bool, end: UInt64) {
    offset < UInt64(bytes.count) ? (true, UInt64(bytes.count)) : (false, .max)
  }

  private var readOnly: ImageFault {
    ImageFault(name, .readOnly(reason: "it is part of the program"))
  }
}
