/// What a user's name stands for: a file of the host, or an export of an NBD server.
///
/// A name that comes out of an image never gets here: an image must not choose whom this process
/// connects to.
extension ImageOpener {
  /// Opens a file or an export, without a lock.
  ///
  /// - Parameter name: a path; or `nbd:unix:PATH[:exportname=NAME]`, `nbd:HOST:PORT[:exportname=NAME]`,
  ///   `nbd://HOST[:PORT][/NAME]` or `nbd+unix:///NAME?socket=PATH`.
  public static func store(_ name: String, writable: Bool) throws(ImageFault) -> any FileStore {
    guard let location = try NBDLocation(parsing: name) else {
      return try HostFile(name, writable: writable)
    }
    return try NBDStore(location, name: name, writable: writable)
  }

  /// Whether `name` is that of an export, as ``store(_:writable:)`` reads it.
  public static func isExport(_ name: String) throws(ImageFault) -> Bool {
    try NBDLocation(parsing: name) != nil
  }

  /// Throws if `name` is that of an export: nobody but its server can make one.
  public static func checkMakesFile(_ name: String) throws(ImageFault) {
    guard try !isExport(name) else {
      throw ImageFault(
        name,
        .refused("is an NBD export, which cannot be made from here; one that exists can be written")
      )
    }
  }

  /// Whether QEMU would take a backing file's name for a protocol ("nbd:", "json:{...}"). Such a name
  /// must not be obeyed when it comes from an image.
  public static func looksLikeProtocol(_ name: String) -> Bool {
    name.prefix { $0 != "/" }.contains(":")
  }
}
