import ArgumentParser
import DataSets
import Foundation
import Laboratory

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

  /// Pictures to measure a detector on; what is left out is said on standard error.
  /// - Parameter classes: the detector's.
  /// - Throws: `DataSetError`; `LaboratoryError.classes` where no object counts.
  func evaluated(
    _ dataset: String, split: String, classes: [String], threads: Int?
  ) throws -> AnnotatedDataSet {
    var pictures = try AnnotatedDataSet(
      path: dataset, split: split, options: options(classes: classes, threads: threads))
    // What is skipped is left out when it comes; what is refused, before any work.
    if broken == .refuse { pictures = try pictures.decodable(.refuse, threads: threads) }
    if pictures.skipped.imageCount + pictures.skipped.objectCount > 0 {
      FileHandle.standardError.write(Data("\(dataset): \(pictures.skipped)\n".utf8))
    }
    guard pictures.images.contains(where: { $0.objects.contains { !$0.isIgnored } }) else {
      throw LaboratoryError.classes(
        expected: "an object of the classes " + classes.joined(separator: ", "),
        found: "none in \(dataset), \(split)")
    }
    return pictures
  }
}

extension BrokenRule: ExpressibleByArgument {}
extension UnknownClassRule: ExpressibleByArgument {}
