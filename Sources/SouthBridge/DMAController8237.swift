public import DeviceModel

/// The ports of the two 8237 DMA controllers and their page registers: 0x00-0x0F, 0xC0-0xDF and
/// 0x80-0x8F.
///
/// No device on this bus asks for DMA. Kernels reset the controllers and unmask the cascade without
/// looking; the page registers hold what is written, port 0x80 too, which firmware uses for progress
/// codes.
public final class DMAController8237: ISADevice, Snapshotting {
  private var state = Saved()

  /// Controllers without requests.
  public init() {}

  /// Page registers read back; a controller shows no request and no transfer.
  public func read(port: UInt16) -> UInt8 { Self.page(port).map { state.pages[$0] } ?? 0 }

  /// Page registers are stored; a controller takes everything and does nothing.
  public func write(port: UInt16, _ value: UInt8) {
    if let page = Self.page(port) { state.pages[page] = value }
  }

  private static func page(_ port: UInt16) -> Int? {
    (0x80...0x8F).contains(port) ? Int(port & 0x0F) : nil
  }

  /// Clears the page registers.
  public func reset() { state = Saved() }

  /// The page registers as plain data.
  public struct Saved: Codable, Equatable, Sendable {
    fileprivate var pages = [UInt8](repeating: 0, count: 16)
  }

  /// Raised whenever `Saved` changes its meaning.
  public static var savedVersion: Int { 1 }

  /// The page registers.
  public func save() -> Saved { state }

  /// Replaces the page registers.
  public func restore(_ saved: Saved) throws(RestoreFault) {
    guard saved.pages.count == 16 else { throw RestoreFault("8237: there are 16 page registers") }
    state = saved
  }
}
