#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Told about every write to RAM that does not come from the CPU's own stores.
///
/// The CPU drops translated code and lock reservations that the bytes belonged to.
public protocol GuestRAMObserver: AnyObject {
  /// `byteCount` bytes from `address` have been written by a device.
  func guestRAMDidChange(at address: PhysicalAddress, byteCount: Int)
}

/// The machine's main memory: contiguous from physical address 0.
///
/// Pages that the guest never touches cost the host nothing. All accesses are checked against the
/// size; the CPU's fast path goes through ``hostBase`` after a check of its own.
@safe
public final class GuestRAM {
  /// Bytes in a page of the Alpha.
  public static let pageSize: UInt64 = 8192

  /// The biggest size in bytes.
  public static let maximumByteCount: UInt64 = 1 << 40

  /// Size in bytes, a multiple of the page size.
  public let byteCount: UInt64

  /// Where physical address 0 lies in the host; valid for `byteCount` bytes.
  @unsafe public let hostBase: UnsafeMutableRawPointer

  private let observers = ObserverList()

  /// Reserves `byteCount` bytes of zeroed memory.
  ///
  /// - Throws: ``GuestRAMError`` when the size is no positive multiple of a page or is above the
  ///   maximum, or the host refuses the reservation.
  public init(byteCount: UInt64) throws(GuestRAMError) {
    guard byteCount > 0, byteCount.isMultiple(of: Self.pageSize), byteCount <= Self.maximumByteCount
    else {
      throw .badSize(byteCount)
    }
    let mapping = unsafe mmap(
      nil, Int(byteCount), PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let base = unsafe mapping, unsafe base != MAP_FAILED else {
      throw .hostRefused(byteCount, errno: errno)
    }
    // No large host pages, though a Linux boot would take 5% less time with them: a guest that
    // touches a page here and there would cost the host 2 MB for each.
    self.byteCount = byteCount
    unsafe hostBase = base
  }

  deinit { unsafe munmap(hostBase, Int(byteCount)) }

  /// Adds a party that learns of device writes; it is not retained.
  public func addObserver(_ observer: any GuestRAMObserver) {
    observers.list.append(ObserverList.Entry(observer))
  }

  /// Whether `byteCount` bytes from `address` all lie in RAM.
  @inlinable
  public func contains(_ address: PhysicalAddress, byteCount count: Int) -> Bool {
    guard count >= 0, UInt64(count) <= byteCount else { return false }
    return address.rawValue <= byteCount - UInt64(count)
  }

  /// Copies RAM out. False, with nothing copied, when part of the range is not RAM.
  public func read(_ address: PhysicalAddress, into bytes: inout MutableSpan<UInt8>) -> Bool {
    guard contains(address, byteCount: bytes.count) else { return false }
    let source = unsafe hostBase + Int(address.rawValue)
    unsafe bytes.withUnsafeMutableBytes {
      unsafe $0.copyMemory(from: .init(start: source, count: $0.count))
    }
    return true
  }

  /// Copies into RAM for a device. False, with nothing copied, when part of the range is not RAM.
  public func write(_ address: PhysicalAddress, from bytes: Span<UInt8>) -> Bool {
    guard contains(address, byteCount: bytes.count) else { return false }
    let target = unsafe hostBase + Int(address.rawValue)
    unsafe bytes.withUnsafeBytes {
      unsafe UnsafeMutableRawBufferPointer(start: target, count: $0.count).copyMemory(from: $0)
    }
    observers.notify(address, bytes.count)
    return true
  }

  /// One little-endian quadword, or nil outside RAM. No alignment needed.
  public func quadword(at address: PhysicalAddress) -> UInt64? {
    guard contains(address, byteCount: 8) else { return nil }
    return UInt64(
      littleEndian: unsafe (hostBase + Int(address.rawValue)).loadUnaligned(as: UInt64.self))
  }

  /// Stores one little-endian quadword. False outside RAM.
  @discardableResult
  public func setQuadword(_ value: UInt64, at address: PhysicalAddress) -> Bool {
    guard contains(address, byteCount: 8) else { return false }
    unsafe (hostBase + Int(address.rawValue)).storeBytes(of: value.littleEndian, as: UInt64.self)
    observers.notify(address, 8)
    return true
  }
}

/// Weak references kept apart so that `GuestRAM` itself stays free of mutable properties.
private final class ObserverList {
  struct Entry {
    weak var observer: (any GuestRAMObserver)?
    init(_ observer: any GuestRAMObserver) { self.observer = observer }
  }
  var list: [Entry] = []

  func notify(_ address: PhysicalAddress, _ byteCount: Int) {
    for entry in list {
      entry.observer?.guestRAMDidChange(at: address, byteCount: byteCount)
    }
  }
}

/// Why RAM could not be set up.
public enum GuestRAMError: Error, Equatable, CustomStringConvertible {
  /// The size is zero, no multiple of a page, or above the maximum.
  case badSize(UInt64)
  /// The host refused to reserve this many bytes.
  case hostRefused(UInt64, errno: Int32)

  /// One line for the user.
  public var description: String {
    switch self {
    case .badSize(let size):
      "memory of \(size) bytes: it is a multiple of \(GuestRAM.pageSize) up to "
        + "\(GuestRAM.maximumByteCount)"
    case .hostRefused(let size, let code):
      "the host cannot reserve \(size) bytes of memory (errno \(code))"
    }
  }
}
