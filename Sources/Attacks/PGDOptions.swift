/// Projected gradient ascent (PGD) under L∞ from a random start (Madry et al. 2018, "Towards Deep
/// Learning Models Resistant to Adversarial Attacks"): how far, how fast, how long. One step from a
/// random start is the fast gradient sign method (FGSM) of Wong et al. 2020.
///
/// `description` writes every option out; reading it gives equal options.
public struct PGDOptions: Sendable, Hashable, CustomStringConvertible {
  /// The greatest change of a value, of 255.
  public let epsilon: Float
  /// The change of a value in a step, of 255.
  public let step: Float
  /// The number of steps.
  public let steps: Int

  /// The label-consistent attack of Turner et al. 2019.
  public static let labelConsistent = PGDOptions(of255: 8, step: 1.5, steps: 100)
  /// The adversarial training of Wong et al. 2020 ("Fast is better than free: Revisiting adversarial
  /// training"): one step of 1.25 ε.
  public static let fast = PGDOptions(of255: 8, step: 10, steps: 1)

  /// Bounds and steps that are taken for options, of 255.
  static let lengths: ClosedRange<Float> = 0.001...255
  /// Numbers of steps that are taken for options.
  static let counts = 1...10_000

  private init(of255 epsilon: Float, step: Float, steps: Int) {
    self.epsilon = epsilon
    self.step = step
    self.steps = steps
  }

  /// Reads `NAME=VALUE,NAME=VALUE…`; the names are `epsilon`, `step` and `steps`.
  /// - Parameter defaults: what is not named.
  /// - Throws: `AttackSpecificationError`.
  public init(_ text: String, defaults: PGDOptions) throws {
    var options = try AttackOptions(text[...], attack: "PGD")
    try self.init(&options, defaults: defaults)
    try options.finish()
  }

  init(_ options: inout AttackOptions, defaults: PGDOptions) throws {
    epsilon = try options.number("epsilon", Self.lengths) ?? defaults.epsilon
    step = try options.number("step", Self.lengths) ?? defaults.step
    steps = try options.integer("steps", Self.counts) ?? defaults.steps
  }

  /// The options by name, in a fixed order.
  public var parameters: [(String, String)] {
    [("epsilon", Plain.text(epsilon)), ("step", Plain.text(step)), ("steps", "\(steps)")]
  }

  /// Such as `epsilon=8,step=10,steps=1`.
  public var description: String { parameters.map { "\($0.0)=\($0.1)" }.joined(separator: ",") }

  /// Where a perturbation stays.
  public var ball: PerturbationBall {
    PerturbationBall(norm: .linf, epsilon: epsilon / 255, step: step / 255)
  }
}
