import ArgumentParser
import DataSets

/// Which annotated data set, and what becomes of what cannot be used.
struct AnnotationArguments: ParsableArguments {
  @Option(help: "The data set's folder, with ImageSets or annotations in it.")
  var dataset: String
  @Option(help: "What broken annotations and pictures do: skip or refuse.")
  var broken = BrokenRule.skip
  @Option(help: "What objects of other classes do: skip-object or refuse.")
  var unknownClass = UnknownClassRule.skipObject

  /// How the data set is read.
  func options(classes: [String]?, threads: Int?) -> AnnotatedDataSet.Options {
    var options = AnnotatedDataSet.Options()
    options.classes = classes
    options.broken = broken
    options.unknownClass = unknownClass
    options.threads = threads
    return options
  }
}

extension BrokenRule: ExpressibleByArgument {}
extension UnknownClassRule: ExpressibleByArgument {}
