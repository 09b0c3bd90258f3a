public import ArgumentParser
public import DiskImages
internal import Foundation

/// `breakwater image`.
struct ImageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image",
    abstract: "Make, examine and change disk images.",
    discussion: """
      Options, output and exit status are those of qemu-img where both have them. A wrong command \
      line gives status 2, a failed operation 1, unless the subcommand's help says otherwise.
      """,
    subcommands: [
      ImageCreate.self, ImageInfo.self, ImageCheck.self, ImageConvert.self, ImageMapping.self,
      ImageCompare.self, ImageResize.self, ImageRebase.self, ImageCommit.self, ImageSnapshot.self,
      ImageAmend.self, ImageMeasure.self, ImageCopyBlocks.self, ImageBench.self,
    ])
}

extension ImageCommand {
  /// A command line in whose short options nothing is joined, read as getopt(3) does: `-qcOraw` is
  /// `-q -c -O=raw`. What follows an option with a value is that value, whatever it begins with.
  static func separated(_ words: some Collection<String>) -> [String] {
    let name = words.dropFirst().first
    let command = configuration.subcommands.first { $0.configuration.commandName == name }
    guard words.first == "image", let command = command as? any ImageOperation.Type else {
      return Array(words)
    }
    var result = Array(words.prefix(2))
    var rest = Array(words.dropFirst(2))[...]
    while let word = rest.popFirst() {
      guard word != "--" else { return result + [word] + rest }
      var letters = word.dropFirst()
      // A size such as -1G is no option.
      guard word.hasPrefix("-"), letters.first?.isLetter == true else {
        result.append(word)
        continue
      }
      while let letter = letters.popFirst() {
        result.append("-\(letter)")
        guard letter != "h", !command.flags.contains(letter) else { continue }
        // Joined by a sign, as the parser takes a value of its own word only without a dash.
        if letters.isEmpty, rest.first?.hasPrefix("-") == true { letters += rest.removeFirst() }
        if !letters.isEmpty { result[result.count - 1] += "=\(letters)" }
        break
      }
    }
    return result
  }
}

/// A subcommand whose failures on images have an exit status of their own.
protocol ImageOperation: ParsableCommand {
  /// The letters of its flags; any other short option has a value.
  static var flags: String { get }

  /// The status after an ``ImageFault``.
  static var failureStatus: Int32 { get }

  /// Does the work and answers the exit status.
  func perform() throws -> Int32
}

extension ImageOperation {
  static var failureStatus: Int32 { 1 }

  func run() throws {
    let status: Int32
    do {
      status = try perform()
    } catch let fault as ImageFault {
      guard fault.cause != .interrupted else { throw ExitCode(130) }
      StandardError.line("breakwater: \(fault)")
      throw ExitCode(Self.failureStatus)
    }
    if status != 0 { throw ExitCode(status) }
  }
}

/// How results are printed.
enum ImageOutput: String, ExpressibleByArgument, CaseIterable {
  case human, json

  /// Prints `value` as JSON.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}

extension ImageFormat: ExpressibleByArgument {
  /// Throws a usage error when images of this format cannot be made.
  func checkWritable(option: String) throws {
    guard self != .gzip else {
      throw ValidationError(
        "\(option) gzip: gzip images are only read; gzip makes one from a raw image")
    }
  }
}

extension Preallocation: ExpressibleByArgument {}

extension ImageOpener {
  /// The opener of the `image` commands: oddities are lines on standard error.
  static var forCommands: ImageOpener {
    var opener = ImageOpener()
    opener.report = { StandardError.line("breakwater: \($0)") }
    let indexing = IndexingProgress()
    opener.progress = { indexing.show($0, of: $1) }
    return opener
  }

  /// Opens the file of an image alone, locked, to read or change its structures; or an export, for
  /// whose locks its server cares.
  static func file(_ path: String, writable: Bool) throws(ImageFault) -> any FileStore {
    let store = try store(path, writable: writable)
    if let file = store as? HostFile, try !file.lock() {
      StandardError.line(
        "breakwater: \(path): the file system has no locks; nothing keeps a second writer away")
    }
    return store
  }

  /// Opens a qcow2 image without its backing file.
  func qcow2(_ path: String, readOnly: Bool) throws(ImageFault) -> QcowImage {
    let file = try Self.file(path, writable: !readOnly)
    if !readOnly, try QcowImage(file).information.isDirty {
      report("\(path): it was not closed cleanly; its refcounts are being rebuilt")
      _ = try QcowImage.repair(file, .all)
    }
    return try QcowImage(file, readOnly: readOnly, report: report)
  }
}

/// The path of a backing file that an image at `path` names.
///
/// - Throws: ``ImageFault`` for a name that is no plain file's.
func resolved(_ name: String, from path: String) throws(ImageFault) -> String {
  let isPlain = try !ImageOpener.isExport(path)
  guard isPlain, !ImageOpener.looksLikeProtocol(name) else {
    throw ImageFault(
      path, .backing(name: name, reason: "only plain files beside plain files are followed"))
  }
  return path.beside(name)
}
