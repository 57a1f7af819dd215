import Frames

/// torchvision's `Matcher` (Ren et al. 2015, "Faster R-CNN", section 3.1.2) on `box_iou`: which true
/// object each of many boxes stands for, if any.
///
/// A box belongs to the object it overlaps most, of equals the first, where that overlap is at least
/// the high threshold; it is background where the overlap is below the low one. With low-quality
/// matches, the boxes that overlap an object most, all of equals, belong to an object however little
/// that is, and then to the object that they themselves overlap most. So an object that no box
/// overlaps claims every box: anchors have to cover the image.
///
/// torchvision knows no ignored objects. Here, a box that overlaps an ignored object by at least the
/// high threshold, and no object that counts as much as that, is neither an object nor background and
/// must not be sampled, even where it would be an object's best. Otherwise ignored objects change
/// nothing.
public struct BoxMatcher: Sendable, Hashable {
  /// Overlaps from here on are matches.
  public let highThreshold: Float
  /// Overlaps below this are background.
  public let lowThreshold: Float
  /// Whether each object gets the boxes that overlap it most.
  public let allowsLowQualityMatches: Bool

  /// A matcher. Thresholds are f32, as torchvision compares them.
  /// - Throws: `DetectorTrainingError.parameter` where not 0 ≤ low ≤ high ≤ 1 and high is above 0.
  public init(
    highThreshold: Float, lowThreshold: Float, allowsLowQualityMatches: Bool
  ) throws(DetectorTrainingError) {
    try DetectorTrainingError.require(
      highThreshold > 0 && highThreshold <= 1, "highThreshold", "above 0 and at most 1",
      highThreshold)
    try DetectorTrainingError.require(
      (0...highThreshold).contains(lowThreshold), "lowThreshold", "from 0 to \(highThreshold)",
      lowThreshold)
    self.init(highThreshold, lowThreshold, allowsLowQualityMatches)
  }

  private init(_ high: Float, _ low: Float, _ allowsLowQualityMatches: Bool) {
    highThreshold = high
    lowThreshold = low
    self.allowsLowQualityMatches = allowsLowQualityMatches
  }

  /// The RPN's: 0.7 and 0.3, with low-quality matches.
  public static let anchors = BoxMatcher(0.7, 0.3, true)
  /// The box head's: 0.5 and 0.5, without.
  public static let proposals = BoxMatcher(0.5, 0.5, false)

  /// Matches boxes with the true objects of their image. Without an object that counts, all are
  /// background, but for those on ignored objects.
  public func match(_ candidates: BoxColumns, with truths: [TrainingTruth]) -> BoxMatching {
    let table = OverlapTable(candidates)
    var favourites: [Int32] = []
    for (number, truth) in truths.enumerated() where !truth.isIgnored {
      let most = table.add(truth.box, number: Int32(number))
      if allowsLowQualityMatches { favourites += most }
    }
    var codes = [Int32](repeating: BoxMatching.background, count: candidates.count)
    for index in codes.indices {
      let overlap = table.overlap(index)
      if overlap >= highThreshold {
        codes[index] = table.object(index)
      } else if overlap >= lowThreshold {
        codes[index] = BoxMatching.between
      }
    }
    for index in favourites { codes[Int(index)] = table.object(Int(index)) }
    exclude(candidates, on: truths, besides: table, from: &codes)
    return BoxMatching(codes: codes)
  }

  private func exclude(
    _ candidates: BoxColumns, on truths: [TrainingTruth], besides table: OverlapTable,
    from codes: inout [Int32]
  ) {
    guard truths.contains(where: \.isIgnored) else { return }
    let ignored = OverlapTable(candidates)
    for truth in truths where truth.isIgnored { ignored.add(truth.box, number: 0) }
    for index in codes.indices {
      let overlap = ignored.overlap(index)
      if overlap >= highThreshold, overlap > table.overlap(index) {
        codes[index] = BoxMatching.ignored
      }
    }
  }
}

/// What `BoxMatcher` found for each box.
public struct BoxMatching: Sendable, Hashable {
  /// What a box is.
  public enum Match: Sendable, Hashable {
    /// The object at this index among the truths.
    case object(Int)
    /// Nothing.
    case background
    /// Too much of an object for background and too little for a match.
    case between
    /// An ignored object.
    case ignored
  }

  /// One a box: an object's index among the truths, or one of the codes below.
  let codes: [Int32]
  static let background: Int32 = -1
  static let between: Int32 = -2
  static let ignored: Int32 = -3

  /// How many boxes were matched.
  public var count: Int { codes.count }

  /// What the box at an index below `count` is.
  public subscript(index: Int) -> Match {
    switch codes[index] {
    case Self.background: .background
    case Self.between: .between
    case Self.ignored: .ignored
    case let object: .object(Int(object))
    }
  }
}
