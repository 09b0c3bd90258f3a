internal import Foundation

/// Paths as the host reads them, one name after the other: `x/..` is where the link `x` leads to.
extension String {
  /// What a name means in the directory of the file at this path.
  func beside(_ name: String) -> String {
    guard !name.hasPrefix("/"), let slash = lastIndex(of: "/") else { return name }
    return self[...slash] + name
  }

  /// The path of the file that a write to this path writes or makes: symbolic links are followed,
  /// the last of them to where nothing is, too.
  var linksFollowed: String {
    var path = self
    // As many as Linux follows.
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
        break
      }
      path = path.beside(next)
    }
    return path
  }
}
