/// Which base address register claims which addresses of one space.
///
/// The claims are cut into disjoint ranges when they change, so that a cycle costs one binary
/// search.
struct DecodeMap {
  struct Claim {
    /// First address of the register's range, from which offsets count.
    let base: UInt64
    /// Last address of the range.
    let last: UInt64
    let target: PCIBus.Target
    let bar: Int
  }

  /// Two claims on the same address; the earlier one has it.
  struct Overlap: Equatable {
    let winner: Int
    let loser: Int
  }

  private struct Piece {
    let first: UInt64
    let last: UInt64
    let claim: Int
  }

  private let claims: [Claim]
  private let pieces: [Piece]
  /// Pairs of indices into the claims that `init` was given.
  let overlaps: [Overlap]

  /// Cuts the claims; where two overlap, the earlier one wins.
  init(_ claims: [Claim] = []) {
    var pieces: [Piece] = []
    var overlaps: [Overlap] = []
    for (index, claim) in claims.enumerated() {
      // The claims so far are disjoint and sorted: what they leave between them is ours.
      var first: UInt64? = claim.base
      var gained: [Piece] = []
      for piece in pieces where piece.last >= claim.base && piece.first <= claim.last {
        overlaps.append(Overlap(winner: piece.claim, loser: index))
        if let start = first, start < piece.first {
          gained.append(Piece(first: start, last: piece.first - 1, claim: index))
        }
        let (next, overflow) = piece.last.addingReportingOverflow(1)
        first = overflow || next > claim.last ? nil : next
      }
      if let first { gained.append(Piece(first: first, last: claim.last, claim: index)) }
      pieces = (pieces + gained).sorted { $0.first < $1.first }
    }
    self.claims = claims
    self.pieces = pieces
    self.overlaps = overlaps
  }

  /// The claim on all of `byteCount` bytes from `address`.
  func claim(on address: UInt64, byteCount: Int) -> Claim? {
    var low = 0
    var high = pieces.count
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].last < address { low = middle + 1 } else { high = middle }
    }
    guard low < pieces.count, pieces[low].first <= address,
      pieces[low].last - address >= UInt64(byteCount - 1)
    else { return nil }
    return claims[pieces[low].claim]
  }
}
