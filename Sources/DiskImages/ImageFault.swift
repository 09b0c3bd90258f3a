internal import SystemPackage

/// Why an image could not be opened, or a request on it failed: which file, what was wrong, where,
/// and what would be right.
public struct ImageFault: Error, Equatable, Sendable {
  /// What went wrong.
  public indirect enum Cause: Equatable, Sendable {
    /// The host refused an operation such as "open" or "write".
    case host(operation: String, errno: Int32)
    /// The path names something that cannot hold an image.
    case notAFile(kind: String)
    /// The file ends before a structure of the format does.
    case tooShort(structure: String, needs: UInt64, has: UInt64)
    /// A field of the file breaks a rule of its format. `offset` counts from the start of the file.
    case field(name: String, offset: UInt64, value: UInt64, rule: String)
    /// The file's tables are damaged in a way that a single field cannot show.
    case corrupt(String)
    /// The image needs a feature that is not implemented.
    case unsupported(feature: String)
    /// The image does not take writes.
    case readOnly(reason: String)
    /// The request leaves the disk.
    case outOfRange(offset: UInt64, byteCount: UInt64, diskByteCount: UInt64)
    /// Another process uses the image in a way that excludes this use.
    case inUse(String)
    /// The format must be named, because the content of a writable image must not choose it.
    case formatNotGiven(found: String)
    /// A backing file cannot be used.
    case backing(name: String, reason: String)
    /// Whoever watched the operation's progress stopped it.
    case interrupted
    /// The caller asked for something that the image cannot be or do.
    case refused(String)
    /// The NBD server that holds the image failed.
    case server(NBDFault)
  }

  /// The file, as the user named it.
  public var file: String
  /// What went wrong.
  public var cause: Cause

  /// Describes a fault of `file`.
  public init(_ file: String, _ cause: Cause) {
    self.file = file
    self.cause = cause
  }

  /// Whether the host had no space left (ENOSPC or EDQUOT).
  public var isOutOfSpace: Bool {
    switch cause {
    case .host(_, let errno):
      [.noSpace, .diskQuotaExceeded].contains(Errno(rawValue: errno))
    case .server(.failed(_, let error, _)): error == .noSpace
    default: false
    }
  }
}

extension ImageFault {
  /// Whether a file was to be made where there is one (EEXIST).
  var isFileExists: Bool {
    if case .host(_, let errno) = cause { Errno(rawValue: errno) == .fileExists } else { false }
  }
}

extension ImageFault: CustomStringConvertible {
  /// The fault in one line, whatever the names in it.
  public var description: String { escaped("\(file): \(cause)") }
}

extension ImageFault.Cause: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .host(let operation, let errno):
      "cannot \(operation): \(Errno(rawValue: errno))"
    case .notAFile(let kind):
      "is \(kind); an image is a regular file or a block device"
    case .tooShort(let structure, let needs, let has):
      "too short for \(structure): it needs \(needs) bytes, the file has \(has)"
    case .field(let name, let offset, let value, let rule):
      "\(name) at offset \(offset) is \(readable(value)), but \(rule)"
    case .corrupt(let what):
      "is corrupt: \(what)"
    case .unsupported(let feature):
      "uses \(feature), which is not implemented"
    case .readOnly(let reason):
      "cannot be written: \(reason)"
    case .outOfRange(let offset, let byteCount, let diskByteCount):
      "request of \(byteCount) bytes at \(offset) leaves the disk of \(diskByteCount) bytes"
    case .inUse(let what):
      "is in use: \(what)"
    case .formatNotGiven(let found):
      "starts like a \(found) image; name the format of a writable image "
        + "(format=\(found), or format=raw to write it as plain bytes)"
    case .backing(let name, let reason):
      "backing file \"\(name)\" cannot be used: \(reason)"
    case .interrupted:
      "was not read to its end: interrupted"
    case .refused(let what):
      what
    case .server(let fault):
      fault.description
    }
  }

  /// Small numbers in decimal, offsets and bit patterns in hexadecimal.
  private func readable(_ value: UInt64) -> String {
    value < 65536 ? String(value) : hexadecimal(value)
  }
}

/// `value` with the prefix `0x`.
func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

/// `text` with its control characters spelt out, so that a name from an image stays on its line and
/// commands no terminal. Escaping twice does no more than once.
public func escaped(_ text: String) -> String {
  text.unicodeScalars.reduce(into: "") { result, scalar in
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      result += scalar.escaped(asASCII: true)
    default:
      result.unicodeScalars.append(scalar)
    }
  }
}
