import Attacks
import Backbones

/// The hyper-parameters of Contrastive Backdoor Defense ("Do We Really Need Labels for Backdoor
/// Defense?", section 3.3), and of what stands here beyond the paper. `docs/trials.md` says by which
/// experiments the defaults were chosen where the paper leaves a point open.
public struct PurificationOptions: Sendable, Hashable, Codable {
  /// How far apart embeddings are, for pulling and for distilling.
  public enum Objective: String, Sendable, Hashable, Codable, CaseIterable {
    /// NT-Xent between views, as the paper has it.
    case contrastive
    /// The squared distance to the suspicious backbone's embedding of the clean view, in units of the
    /// spread of clean embeddings: an anchor that does not move with the student.
    case anchored
  }

  /// Where the mean and the variance of batch normalisation come from.
  public typealias Statistics = BatchNormalizationStatistics

  /// How pictures are varied.
  public enum Views: String, Sendable, Hashable, Codable, CaseIterable {
    /// SimCLR's: crops, flips, colours.
    case simclr
    /// Flips, and crops shifted by up to an eighth of the side; frames of a detector are only mirrored.
    case weak
    /// Frames of a detector: mirrored, and at 0.6 to 1.5 times the size at which it sees them (large
    /// scale jittering: Ghiasi et al. 2021, "Simple Copy-Paste", section 3).
    case scaled
  }

  /// Who looks for what a trigger would do.
  public enum Adversary: String, Sendable, Hashable, Codable, CaseIterable {
    /// A perturbation for each picture, from anew for each batch (the paper's).
    case instance
    /// A few perturbations that all pictures share, kept from batch to batch: a trigger moves every
    /// embedding at once.
    case shared
  }

  /// Which network the adversary attacks.
  public enum Target: String, Sendable, Hashable, Codable, CaseIterable {
    /// The one that is purified, as the paper has it.
    case student
    /// The backbone as it was downloaded: its shortcut is there to be found at every step, while on
    /// the student a search drifts, once the shortcut is gone, to what disturbs any network.
    case teacher
  }

  /// The norm that bounds a perturbation.
  public typealias Norm = PerturbationBall.Norm

  /// λ1, λ2, λ3 of the paper's section 3.3; they sum to 1.
  public struct Weights: Sendable, Hashable, Codable {
    /// Of Backdoor-to-Standard Pulling.
    public var pull: Float
    /// Of Embedding Distillation.
    public var distillation: Float
    /// Of Standard Fine-tuning.
    public var fineTuning: Float

    /// Three weights.
    public init(pull: Float, distillation: Float, fineTuning: Float) {
      self.pull = pull
      self.distillation = distillation
      self.fineTuning = fineTuning
    }
  }

  /// The preset these options began as.
  public var preset: String
  /// Before the training, channels are switched off whose Lipschitz bound lies so many standard
  /// deviations above their layer's mean (Zheng et al. 2022); 0: none.
  public var pruning: Float
  /// Contrastive or anchored.
  public var objective: Objective
  /// λ1, λ2, λ3.
  public var lambda: Weights
  /// τ of NT-Xent.
  public var temperature: Float
  /// The length of what NT-Xent looks at, a projection head's results; 0: the embeddings themselves.
  public var projection: Int
  /// Times that each picture is seen while the projection head learns, before everything else.
  public var projectionEpochs: Int
  /// Instance-wise or shared.
  public var adversary: Adversary
  /// Whom the adversary attacks.
  public var target: Target
  /// The bound's norm.
  public var norm: Norm
  /// The bound, of pixels in 0…255. Of what is shared under L2, that of a picture of 32×32; larger
  /// ones get it in proportion to the root of their area.
  public var epsilon: Float
  /// Ascent steps: for each batch where the adversary is instance-wise; before the training, to find
  /// what is shared, where it is shared.
  public var pgdSteps: Int
  /// The length of an ascent step as a share of ε.
  public var stepSize: Float
  /// Whether an instance-wise perturbation begins at a random point of the ball, or at 0.
  public var randomStart: Bool
  /// Batch normalisation while the adversary searches.
  public var adversaryStatistics: Statistics
  /// How many perturbations that are added to pictures are shared, with bounds from 2/3 of ε to ε.
  public var sharedCount: Int
  /// The share of each batch that gets what is added; warps, patches and waves divide the rest, or all
  /// of it where nothing is added.
  public var addedShare: Float
  /// How many smooth warps are shared.
  public var sharedWarps: Int
  /// How many opaque patches are shared; on a detector's frame they lie together.
  public var sharedPatches: Int
  /// How many waves of one frequency are shared.
  public var sharedWaves: Int
  /// One of what is added or warps, in turn, and the weakest quarter of the patches and waves begin
  /// anew every so many steps; 0: never.
  public var restartEvery: Int
  /// Batch normalisation while the student learns.
  public var statistics: Statistics
  /// How pictures are varied.
  public var views: Views
  /// The share of each batch whose pictures are mixed with another one, up to half and half, before
  /// everything else (Zhang et al. 2018, "mixup"): more kinds of pictures from few.
  public var mixup: Float
  /// Times that each picture is seen.
  public var epochs: Int
  /// The share of the folder's pictures that is used, chosen by the seed.
  public var fraction: Double
  /// Pictures of a batch.
  public var batch: Int
  /// The greatest learning rate; it falls to 0 along half a cosine.
  public var learningRate: Float
  /// How far to go, at the end, from the given weights (without the channels that were switched off)
  /// towards those that the training reached; 1: all the way (Wortsman et al. 2022, "Robust fine-tuning
  /// of zero-shot models", section 3). Less keeps more of what the backbone knew.
  public var interpolation: Float
  /// SGD's momentum.
  public var momentum: Float
  /// SGD's weight decay.
  public var weightDecay: Float
  /// Decides every random choice.
  public var seed: UInt64

  /// The paper's setting for supervised CIFAR-10 (section 4.2, appendix A.2). The unit of its step
  /// size, 0.1, is not given; here it is a share of ε.
  public static let paperCIFAR10 = PurificationOptions(
    preset: "paper-cifar10", pruning: 0, objective: .contrastive,
    lambda: .init(pull: 0.3, distillation: 0.5, fineTuning: 0.2), temperature: 0.5,
    projection: 0, projectionEpochs: 10,
    adversary: .instance, target: .student, norm: .linf, epsilon: 8, pgdSteps: 20, stepSize: 0.1,
    randomStart: true,
    adversaryStatistics: .stored, sharedCount: 0, addedShare: 0, sharedWarps: 0,
    sharedPatches: 0, sharedWaves: 0, restartEvery: 0,
    statistics: .batch, views: .simclr, mixup: 0, epochs: 15,
    fraction: 1, batch: 128, learningRate: 0.02, interpolation: 1, momentum: 0.9, weightDecay: 5e-4,
    seed: 1)

  /// The paper's setting for ImageNet-100 (section 4.1, appendix B), where a projection head is trained
  /// from scratch first; its length and how long it learns are not given.
  public static let paperImageNet100: PurificationOptions = {
    var options = paperCIFAR10
    options.preset = "paper-imagenet100"
    options.lambda = .init(pull: 0.3, distillation: 0.7, fineTuning: 0)
    options.epsilon = 16
    options.learningRate = 0.05
    options.projection = 128
    return options
  }()

  /// Ours: pruning, then shared perturbations that attack the given backbone and a fixed anchor; the
  /// same effect for a fraction of the cost.
  public static let device = PurificationOptions(
    preset: "device", pruning: 3.5, objective: .anchored,
    lambda: .init(pull: 0.333, distillation: 0.667, fineTuning: 0), temperature: 0.5,
    projection: 0, projectionEpochs: 10,
    adversary: .shared, target: .teacher, norm: .l2, epsilon: 765, pgdSteps: 24, stepSize: 0.25,
    randomStart: true, adversaryStatistics: .stored, sharedCount: 3, addedShare: 0.25,
    sharedWarps: 4, sharedPatches: 12, sharedWaves: 12, restartEvery: 3, statistics: .stored,
    views: .weak,
    mixup: 0.5, epochs: 3,
    fraction: 1,
    batch: 128, learningRate: 0.015, interpolation: 0.85, momentum: 0.9, weightDecay: 5e-4, seed: 1)

  /// Ours for the trunk of a detector, whose feature maps are the anchor: no warps, which would move
  /// objects, and frames in place of small pictures.
  public static let detector: PurificationOptions = {
    var options = device
    options.preset = "detector"
    // One frame of four is for patches: without, a trunk's patch stays (docs/detection.md).
    (options.sharedWarps, options.sharedPatches, options.sharedWaves) = (0, 1, 0)
    (options.addedShare, options.lambda.pull, options.lambda.distillation) = (0.75, 0.45, 0.55)
    // Maps are moved further than embeddings by the same bound: at 765, and with channels switched off,
    // a detector lost a fifth of its average precision on its own camera (docs/detection.md).
    (options.pruning, options.epsilon) = (0, 255)
    (options.pgdSteps, options.restartEvery, options.epochs) = (12, 5, 4)
    options.interpolation = 1
    options.batch = 4
    options.learningRate = 0.01
    return options
  }()

  /// The presets by name.
  public static let presets: [PurificationOptions] = [
    paperCIFAR10, paperImageNet100, device, detector,
  ]
}
