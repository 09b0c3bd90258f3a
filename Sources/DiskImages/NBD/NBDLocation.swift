/// Which export of which NBD server: what a name such as `nbd:unix:/run/s` says.
///
/// The forms are those of QEMU's tools and of the URIs of "The NBD Uniform Resource Indicator (URI)
/// format" (doc/uri.md of the NetworkBlockDevice project).
struct NBDLocation: Equatable, Sendable {
  /// Where the server listens.
  enum Address: Equatable, Sendable {
    case unix(path: String)
    case tcp(host: String, port: UInt16)
  }

  var address: Address
  /// Empty for the server's default export.
  var exportName = ""

  /// The port that IANA assigned.
  static let defaultPort: UInt16 = 10809
  /// Most bytes of a string in the protocol.
  static let nameLimit = 4096

  /// Reads a name; nil when it is that of a file, which `./` before it always makes it.
  ///
  /// - Throws: ``ImageFault`` with the forms there are.
  init?(parsing text: String) throws(ImageFault) {
    let scheme = text.prefix { $0 != ":" }
    guard scheme.count < text.count, Self.schemes.contains(scheme) else { return nil }
    let rest = text.dropFirst(scheme.count + 1)
    do throws(NBDFault) {
      guard !scheme.hasPrefix("nbds") else {
        throw .badLocation("asks for TLS, which is not implemented; name it without the s")
      }
      if rest.hasPrefix("//") {
        try self.init(uri: rest.dropFirst(2), isUnix: scheme == "nbd+unix")
      } else if scheme == "nbd" {
        try self.init(plain: rest)
      } else {
        throw Self.unknownForm
      }
      guard exportName.utf8.count <= Self.nameLimit, !exportName.utf8.contains(0) else {
        throw .badLocation("an export's name has at most \(Self.nameLimit) bytes and no NUL")
      }
      if case .unix(let path) = address, path.isEmpty || path.utf8.contains(0) {
        throw .badLocation("names no socket; \(Self.forms)")
      }
    } catch {
      throw ImageFault(text, .server(error))
    }
  }

  private static let schemes: Set<Substring> = [
    "nbd", "nbd+tcp", "nbd+unix", "nbds", "nbds+tcp", "nbds+unix",
  ]
  private static let forms =
    "an NBD export is nbd:unix:PATH[:exportname=NAME], nbd:HOST:PORT[:exportname=NAME], "
    + "nbd://HOST[:PORT][/NAME] or nbd+unix:///NAME?socket=PATH"
  private static let unknownForm = NBDFault.badLocation("is no name of an NBD export; \(forms)")

  /// What follows `nbd:`.
  private init(plain text: Substring) throws(NBDFault) {
    let marker = ":exportname="
    var server = text
    if let range = text.firstRange(of: marker) {
      exportName = String(text[range.upperBound...])
      server = text[..<range.lowerBound]
    }
    if server.hasPrefix("unix:") {
      address = .unix(path: String(server.dropFirst(5)))
    } else {
      let (host, port) = try Self.split(server)
      guard let port else { throw Self.unknownForm }
      address = .tcp(host: host, port: port)
    }
  }

  /// What follows `nbd://`, `nbd+tcp://` or `nbd+unix://`.
  private init(uri text: Substring, isUnix: Bool) throws(NBDFault) {
    guard !text.contains("#") else { throw Self.unknownForm }
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let authority = parts[0].prefix { $0 != "/" }
    // Without its first slash the path is the name.
    exportName = try Self.decoded(parts[0].dropFirst(authority.count + 1))
    let query = parts.count > 1 ? parts[1].split(separator: "&") : []
    if isUnix {
      guard authority.isEmpty, query.count == 1, query[0].hasPrefix("socket=") else {
        throw .badLocation("needs its socket and nothing else: nbd+unix:///NAME?socket=PATH")
      }
      address = .unix(path: try Self.decoded(query[0].dropFirst(7)))
    } else {
      guard query.isEmpty, !authority.contains("@") else {
        throw .badLocation("has a user or parameters, which nbd://HOST[:PORT][/NAME] has not")
      }
      let (host, port) = try Self.split(authority)
      address = .tcp(host: try Self.decoded(host[...]), port: port ?? Self.defaultPort)
    }
  }

  /// A host, which has brackets around it if it has colons in it, and a port.
  private static func split(_ text: Substring) throws(NBDFault) -> (host: String, port: UInt16?) {
    var host = text.prefix { $0 != ":" }
    var rest = text.dropFirst(host.count)
    if text.hasPrefix("[") {
      let inner = text.dropFirst().prefix { $0 != "]" }
      guard inner.count + 2 <= text.count else { throw unknownForm }
      host = inner
      rest = text.dropFirst(inner.count + 2)
    }
    guard !host.isEmpty, !host.utf8.contains(0) else { throw unknownForm }
    guard !rest.isEmpty else { return (String(host), nil) }
    guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else {
      throw .badLocation("has no port from 1 to 65535 after its host; \(forms)")
    }
    return (String(host), port)
  }

  /// Percent-encoded text in plain (RFC 3986, 2.1).
  private static func decoded(_ text: Substring) throws(NBDFault) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
        let value = UInt8(digits, radix: 16)
      else { throw .badLocation("has a % without two hexadecimal digits behind it") }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .badLocation("is not UTF-8 text where it is percent-encoded")
    }
    return text
  }
}
