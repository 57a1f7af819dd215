import Backbones
import Engine
import Networks
import Tensors

/// A training that purifies: what its checkpoint, the switching off of channels and its end need. The
/// networks that it moves and what it moves them by differ (`PurificationTrainer`, a detector's).
package protocol PurificationRun: AnyObject {
  /// The network that is purified.
  var store: ParameterStore { get }
  /// Its description.
  var graph: Graph { get }
  /// What moves it.
  var optimiser: StochasticGradientDescent { get }
  /// Perturbations that are kept from step to step; nil where there are none.
  var shared: SharedAdversary? { get set }
  /// The parameters that the training began with, before channels were switched off.
  var given: ParameterSource { get }
  /// Channels that stay off.
  var switchedOff: [SwitchedOffChannels] { get set }
  /// What is asked for.
  var options: PurificationOptions { get }
  /// Lets the plans take the store's parameters over.
  func loadPlans() throws
}

extension PurificationRun {
  /// Switches off the channels that react too strongly, where the options say so.
  /// - Returns: how many.
  package func prune() throws -> Int {
    guard options.pruning > 0 else { return 0 }
    try ChannelLipschitz(threshold: options.pruning).prune(store, graph)
    try load()
    return switchedOffCount
  }

  /// Channels that are off and stay so.
  package var switchedOffCount: Int { switchedOff.reduce(0) { $0 + $1.channels.count } }

  /// Takes over parameters that were changed from outside.
  package func load() throws {
    switchedOff = try options.pruning > 0 ? SwitchedOffChannels.all(in: store, graph) : []
    try loadPlans()
  }

  /// Ends the training: goes back towards the given weights as far as the options say.
  package func interpolate() throws {
    try store.interpolate(from: given, share: options.interpolation)
    for layer in switchedOff { try layer.apply(to: store) }
  }
}

extension PurificationTrainer: PurificationRun {}
