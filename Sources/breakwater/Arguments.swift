internal import ArgumentParser
internal import DeviceModel
internal import Foundation
internal import Machine

/// What guest time follows.
enum ClockSource: String, ExpressibleByArgument, CaseIterable { case virtual, host }

/// How strictly the chipset is modelled.
enum ChipsetModel: String, ExpressibleByArgument, CaseIterable { case strict, lenient }

extension ConsoleTarget {
  /// Reads the argument of an option.
  static func parse(_ text: String) throws -> ConsoleTarget {
    guard let target = ConsoleTarget(text) else {
      throw ValidationError("console '\(text)' is none of \(forms)")
    }
    return target
  }
}

/// What to trace, and into which file.
struct TraceTarget {
  let categories: Set<DeviceTrace.Category>
  let path: String?

  /// Reads the text of an option, or says what it takes.
  init(option text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    categories = try Set(
      parts[0].split(separator: "+", omittingEmptySubsequences: false).map { name in
        guard let category = DeviceTrace.Category(rawValue: String(name)) else {
          throw ValidationError("'\(name)' is none of \(Self.names)")
        }
        return category
      })
    path = parts.count == 2 ? String(parts[1]) : nil
  }

  private static var names: String {
    DeviceTrace.Category.allCases.map(\.rawValue).joined(separator: ", ")
  }

  static var help: ArgumentHelp {
    ArgumentHelp(
      "Trace categories joined by +, to standard error or a file. Categories: \(names).",
      valueName: "set[:file]")
  }
}

extension MachineConfiguration.NamedFile {
  /// The most that is read of a pipe or device, and of a file: more fits into no memory.
  private static let limits = (pipe: 1 << 30, file: 32 << 30)

  /// Reads a whole file that the user named, or a pipe to its end; errors say what is wrong with it.
  init(reading path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw MachineSetUpError("\(path): no such file")
    }
    let values = try? URL(fileURLWithPath: path).resourceValues(forKeys: [.isDirectoryKey])
    guard values?.isDirectory != true else {
      throw MachineSetUpError("\(path): is a directory, not a file")
    }
    let data: Data
    let limit: Int
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      let size = (try? file.seekToEnd()) ?? 0
      try? file.seek(toOffset: 0)
      limit = max(min(Int(clamping: size), Self.limits.file), Self.limits.pipe)
      data = try file.read(upToCount: limit + 1) ?? Data()
    } catch {
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
      throw MachineSetUpError(
        "\(path): cannot be read: \(cause?.localizedFailureReason ?? error.localizedDescription)")
    }
    guard data.count <= limit else {
      throw MachineSetUpError("\(path): does not end within \(limit >> 20) MiB")
    }
    self.init(name: path, bytes: [UInt8](data))
  }
}
