internal import CHost
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Locks that keep two writers off one image, in the way QEMU's tools keep each other off.
///
/// Each use and each prohibition is a shared lock on one byte of the image itself, held by the open
/// file description: it lasts until this object goes, whatever other descriptors do.
extension HostFile {
  /// What a holder of the image does, as an offset from byte 100; forbidding it to others is the
  /// same offset from byte 200.
  private enum Use: Int64, CaseIterable {
    case consistentRead = 0
    case write = 1
    case resize = 3

    var text: String {
      switch self {
      case .consistentRead: "reading"
      case .write: "writing"
      case .resize: "resizing"
      }
    }
    var useByte: Int64 { 100 + rawValue }
    var prohibitionByte: Int64 { 200 + rawValue }
  }

  /// Takes the locks of a reader, or of a writer if the file was opened for writing: both let
  /// others read, neither lets others write.
  ///
  /// - Returns: false when the file system has no such locks; nothing then protects the image.
  /// - Throws: ``ImageFault`` naming the other use when there is one; no lock is then kept.
  public func lock() throws(ImageFault) -> Bool {
    let uses: [Use] = isWritable ? Use.allCases : [.consistentRead]
    let forbidden: [Use] = [.write, .resize]
    let bytes = uses.map(\.useByte) + forbidden.map(\.prohibitionByte)
    // Own locks first, then the look at others: of two that start together at least one sees the
    // other.
    for byte in bytes where chost_lock_byte(descriptor.rawValue, byte) != 0 {
      let number = errno
      unlock(bytes)
      if [EINVAL, ENOLCK, EOPNOTSUPP, ENOSYS].contains(number) { return false }
      throw ImageFault(name, .host(operation: "lock", errno: number))
    }
    for use in uses where isHeldElsewhere(use.prohibitionByte) {
      unlock(bytes)
      throw ImageFault(name, .inUse("another process does not allow \(use.text)"))
    }
    for use in forbidden where isHeldElsewhere(use.useByte) {
      unlock(bytes)
      throw ImageFault(name, .inUse("another process is \(use.text)"))
    }
    return true
  }

  private func isHeldElsewhere(_ byte: Int64) -> Bool {
    chost_is_byte_locked(descriptor.rawValue, byte) == 1
  }

  /// Gives up all locks. Closing is not enough: a child process that is about to start another
  /// program has the description open for a moment, too.
  func unlock() { unlock(Use.allCases.flatMap { [$0.useByte, $0.prohibitionByte] }) }

  private func unlock(_ bytes: [Int64]) {
    for byte in bytes { _ = chost_unlock_byte(descriptor.rawValue, byte) }
  }
}
