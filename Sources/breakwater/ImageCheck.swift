internal import ArgumentParser
internal import DiskImages
internal import Foundation

/// `breakwater image check`.
struct ImageCheck: ImageOperation {
  static let flags = "Uq"
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a qcow2 image's structures, and repair them.",
    discussion: """
      Exit status: 0 no errors, 1 the check could not be completed, 2 the image is corrupt, \
      3 clusters leaked but nothing is corrupt, 63 the format has nothing to check.
      """)

  /// What a repair may change.
  enum Repair: String, ExpressibleByArgument, CaseIterable { case leaks, all }

  @Option(
    name: .customShort("f"),
    help: ArgumentHelp("Format: raw or qcow2.", valueName: "fmt"))
  var format: ImageFormat?

  @Option(help: "human or json.")
  var output = ImageOutput.human

  @Option(
    name: [.customShort("r"), .long],
    help: ArgumentHelp("Repair leaked clusters only, or all that can be.", valueName: "leaks|all"))
  var repair: Repair?

  @Flag(help: "Decompress every compressed cluster too.")
  var content = false

  @Flag(name: [.customShort("U"), .long], help: "Check even while another process writes.")
  var forceShare = false

  @Flag(name: .shortAndLong, help: "Print nothing unless something is wrong.")
  var quiet = false

  @Argument(help: ArgumentHelp("The image.", valueName: "file"))
  var file: String

  mutating func validate() throws {
    guard repair == nil || !content else {
      throw ValidationError("--content only reports; it does not go with --repair")
    }
    guard repair == nil || !forceShare else {
      throw ValidationError("-U is for reading; it does not go with --repair")
    }
  }

  func perform() throws -> Int32 {
    let store =
      forceShare
      ? try ImageOpener.store(file, writable: false)
      : try ImageOpener.file(file, writable: repair != nil)
    let known: ImageFormat = if let format { format } else { try ImageOpener.recognize(store) }
    guard known == .qcow2 else {
      let hint = known == .gzip ? "; gzip -t tests its data" : ""
      StandardError.line(
        "breakwater: \(file): is a \(known.rawValue) image, which has nothing to check\(hint)")
      return 63
    }
    let report =
      switch repair {
      case nil: try QcowImage.check(store, verifiesContent: content)
      case .leaks: try QcowImage.repair(store, .leaks)
      case .all: try QcowImage.repair(store, .all)
      }
    switch output {
    case .json: try ImageOutput.printJSON(CheckDescription(report, filename: file))
    case .human: printText(report)
    }
    return report.exitStatus
  }

  private func printText(_ report: QcowCheckReport) {
    for finding in report.findings { print(escaped(finding)) }
    if report.leaksFixed + report.corruptionsFixed > 0 {
      print(
        "Repaired: \(report.leaksFixed) leaked clusters, \(report.corruptionsFixed) corruptions.")
    }
    let wrong: [(Int, String)] = [
      (report.corruptions, "errors were found on the image; data may be corrupt"),
      (report.unreadableClusters, "compressed clusters cannot be decompressed"),
      (report.leaks, "leaked clusters were found: lost space, no harm to data"),
      (report.checkErrors, "parts of the image could not be checked"),
    ]
    for (count, text) in wrong where count > 0 { print("\(count) \(text).") }
    guard !quiet else { return }
    if wrong.allSatisfy({ $0.0 == 0 }) { print("No errors were found on the image.") }
    func percent(_ part: UInt64, of whole: UInt64) -> String {
      let share = whole == 0 ? 0 : Double(part) / Double(whole) * 100
      return String(format: "%.2f%%", share)
    }
    let allocated = report.allocatedClusters
    if allocated > 0 {
      print(
        "\(allocated)/\(report.totalClusters) = \(percent(allocated, of: report.totalClusters)) "
          + "allocated, \(percent(report.fragmentedClusters, of: allocated)) fragmented, "
          + "\(percent(report.compressedClusters, of: allocated)) compressed clusters")
    }
    print("Image end offset: \(report.imageEndOffset)")
  }
}

/// A report with qemu-img's JSON keys, which leave out most counts that are zero.
private struct CheckDescription: Encodable {
  let filename: String
  let format = "qcow2"
  let checkErrors: Int
  let imageEndOffset: UInt64
  let totalClusters: UInt64
  let allocatedClusters: UInt64?
  let fragmentedClusters: UInt64?
  let compressedClusters: UInt64?
  let corruptions: Int?
  let leaks: Int?
  let corruptionsFixed: Int?
  let leaksFixed: Int?

  enum CodingKeys: String, CodingKey {
    case filename, format, corruptions, leaks
    case checkErrors = "check-errors"
    case imageEndOffset = "image-end-offset"
    case totalClusters = "total-clusters"
    case allocatedClusters = "allocated-clusters"
    case fragmentedClusters = "fragmented-clusters"
    case compressedClusters = "compressed-clusters"
    case corruptionsFixed = "corruptions-fixed"
    case leaksFixed = "leaks-fixed"
  }

  init(_ report: QcowCheckReport, filename: String) {
    func nonzero<Value: BinaryInteger>(_ value: Value) -> Value? { value == 0 ? nil : value }
    self.filename = filename
    checkErrors = report.checkErrors
    imageEndOffset = report.imageEndOffset
    totalClusters = report.totalClusters
    allocatedClusters = nonzero(report.allocatedClusters)
    fragmentedClusters = nonzero(report.fragmentedClusters)
    compressedClusters = nonzero(report.compressedClusters)
    corruptions = nonzero(report.corruptions + report.unreadableClusters)
    leaks = nonzero(report.leaks)
    corruptionsFixed = nonzero(report.corruptionsFixed)
    leaksFixed = nonzero(report.leaksFixed)
  }
}
