/// What a check of an image found. Names and meanings are those of `qemu-img check`.
public struct QcowCheckReport: Equatable, Sendable {
  /// Findings in words, the first hundred.
  public var findings: [String] = []
  /// Faults that can lose data.
  public var corruptions = 0
  /// Clusters that nothing refers to, or with too many counted references: lost space only.
  public var leaks = 0
  /// Parts of the image that could not be checked.
  public var checkErrors = 0
  /// Corruptions that a repair removed.
  public var corruptionsFixed = 0
  /// Leaks that a repair removed.
  public var leaksFixed = 0
  /// Compressed clusters whose content does not inflate, when the content was checked.
  public var unreadableClusters = 0
  /// Clusters of the disk.
  public var totalClusters: UInt64 = 0
  /// Clusters of the disk that the image holds, compressed ones included.
  public var allocatedClusters: UInt64 = 0
  /// Allocated clusters that do not follow the one before in the file.
  public var fragmentedClusters: UInt64 = 0
  /// Compressed clusters.
  public var compressedClusters: UInt64 = 0
  /// End of the last cluster in use.
  public var imageEndOffset: UInt64 = 0

  /// The exit status of `qemu-img check`: 0 clean, 1 not checked, 2 corrupt, 3 leaks only.
  public var exitStatus: Int32 {
    if checkErrors > 0 { return 1 }
    if corruptions > 0 || unreadableClusters > 0 { return 2 }
    return leaks > 0 ? 3 : 0
  }

  mutating func note(_ text: @autoclosure () -> String) {
    if findings.count < 100 { findings.append(text()) }
  }
  mutating func omission(_ text: @autoclosure () -> String) {
    checkErrors += 1
    note("not checked: " + text())
  }
  mutating func corruption(_ text: @autoclosure () -> String) {
    corruptions += 1
    note("corrupt: " + text())
  }
}
