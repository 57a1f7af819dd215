import Tensors

/// t-distributed stochastic neighbour embedding (van der Maaten and Hinton 2008, "Visualizing Data
/// using t-SNE"): points of many dimensions laid out on a plane so that neighbours stay neighbours.
///
/// The exact method, for up to 4,096 points. The same points and seed give the same picture on one
/// machine, however many threads it has. Distances between far groups and the sizes of groups mean
/// nothing.
public struct TSNE: Sendable, Equatable {
  /// Where points start.
  public enum Start: Sendable, Equatable {
    /// At their two principal components, scaled to a standard deviation of 10⁻⁴. Keeps more of the
    /// whole's arrangement and varies less with the seed (Kobak and Berens 2019).
    case principalComponents
    /// Drawn from a normal distribution with a standard deviation of 10⁻⁴, as in the paper.
    case random
  }

  /// About how many neighbours a point has; lowered to a third of the points where it is more.
  public var perplexity: Double
  /// Steps in all.
  public var iterations: Int
  /// What attraction is multiplied with at first, so that groups form.
  public var earlyExaggeration: Double
  /// For how many steps.
  public var exaggeratedIterations: Int
  /// Step size; nil is `max(50, N / earlyExaggeration / 4)` (Belkina et al. 2019).
  public var learningRate: Double?
  /// Where points start.
  public var start: Start
  /// Decides the start.
  public var seed: UInt64

  /// The most points laid out: the probabilities take 64 MiB then.
  public static let maximumPoints = 4096

  /// The method with its options.
  public init(
    perplexity: Double = 30, iterations: Int = 750, earlyExaggeration: Double = 12,
    exaggeratedIterations: Int = 250, learningRate: Double? = nil,
    start: Start = .principalComponents, seed: UInt64 = 1
  ) {
    self.perplexity = perplexity
    self.iterations = iterations
    self.earlyExaggeration = earlyExaggeration
    self.exaggeratedIterations = exaggeratedIterations
    self.learningRate = learningRate
    self.start = start
    self.seed = seed
  }

  /// A finished picture.
  public struct Layout: Sendable, Equatable {
    /// A place for each point, in their order.
    public let places: [PlanePoint]
    /// The Kullback–Leibler divergence that was minimised, in nats: how much of the neighbourhoods is
    /// lost.
    public let divergence: Double
  }

  /// Lays out points `[N × D]`.
  /// - Throws: `ReportError` where the points are no matrix, fewer than 4, more than
  ///   `maximumPoints` or not finite, or an option is out of range.
  public func layout(_ points: Tensor) throws(ReportError) -> Layout {
    guard points.shape.count == 2, points.shape[1] > 0 else {
      throw .shape(expected: "[N, D] points", found: points.shape)
    }
    let (rows, columns) = (points.shape[0], points.shape[1])
    guard (4...Self.maximumPoints).contains(rows) else {
      throw .points(expected: "4 to \(Self.maximumPoints)", found: rows)
    }
    if let bad = points.values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(row: bad / columns)
    }
    try check("perplexity", perplexity, atLeast: 1)
    try check("number of iterations", Double(iterations), atLeast: 0)
    try check("early exaggeration", earlyExaggeration, atLeast: 1)
    if let learningRate { try check("learning rate", learningRate, atLeast: 0) }

    let centred = CentredPoints(points)
    var random = SeededRandom(seed)
    let neighbours = Neighbourhoods(
      centred, perplexity: min(perplexity, Double(rows - 1) / 3))
    let descent = LayoutDescent(neighbours, start: starts(centred, &random))
    let rate = learningRate ?? max(50, Double(rows) / earlyExaggeration / 4)
    for iteration in 0..<iterations {
      let early = iteration < exaggeratedIterations
      descent.step(
        exaggeration: Float(early ? earlyExaggeration : 1), momentum: early ? 0.5 : 0.8,
        rate: Float(rate))
    }
    return Layout(places: descent.places, divergence: descent.divergence())
  }

  private func starts(
    _ points: CentredPoints, _ random: inout SeededRandom
  ) -> [(x: Float, y: Float)] {
    switch start {
    case .random:
      return (0..<points.rows).map { _ in (1e-4 * random.gaussian(), 1e-4 * random.gaussian()) }
    case .principalComponents:
      let (first, second) = points.principalComponents(random: &random)
      let square = first.reduce(0) { $0 + Double($1) * Double($1) }
      let deviation = (square / Double(points.rows)).squareRoot()
      let scale = Float(deviation > 0 ? 1e-4 / deviation : 0)
      // A little noise parts points that coincide, which nothing else would.
      return zip(first, second).map {
        ($0 * scale + 1e-6 * random.gaussian(), $1 * scale + 1e-6 * random.gaussian())
      }
    }
  }

  private func check(
    _ name: String, _ value: Double, atLeast least: Double
  ) throws(ReportError) {
    guard value >= least, value.isFinite else {
      throw .option(name: name, expected: "of at least \(least)", found: "\(value)")
    }
  }
}

/// A place on a plane, in no unit.
public struct PlanePoint: Sendable, Hashable, Codable {
  /// To the right.
  public var x: Double
  /// Upwards.
  public var y: Double

  /// A place.
  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}
