extension ModelManifest {
  /// Checks what concerns more than one key, and what paths and names must not be.
  /// - Throws: `ModelError.value` for the first thing that is wrong.
  public func validate() throws(ModelError) {
    let allowed = name.utf8.allSatisfy(Self.isNameByte)
    guard (1...64).contains(name.utf8.count), allowed, !name.hasPrefix(".") else {
      throw .value(
        key: "name", expected: "1 to 64 letters, digits, '.', '_', '-', no '.' in front",
        found: name)
    }
    guard serial ?? 0 >= 0 else {
      throw .value(key: "serial", expected: "0 or more", found: "\(serial ?? 0)")
    }
    guard Set(classes).count == classes.count else {
      throw .value(key: "classes", expected: "different names", found: "one of them twice")
    }
    switch architecture {
    case .classifier(let classifier): try validate(classifier)
    case .fasterRCNN(let detector): try validate(detector)
    }
    try validateFiles()
  }

  /// The file that holds the weights: the only one whose name ends in `.safetensors`.
  public var weightsFile: ModelFile? {
    files.first { $0.path.hasSuffix(".safetensors") }
  }

  private func validate(_ classifier: ClassifierArchitecture) throws(ModelError) {
    guard classes.count == classifier.classes ?? 0 else {
      throw .value(
        key: "classes", expected: "\(classifier.classes ?? 0) names, one per output",
        found: "\(classes.count)")
    }
    guard thresholds == nil else {
      throw .value(key: "thresholds", expected: "none for a classifier", found: "some")
    }
    guard case .square = input else {
      throw .value(key: "input", expected: "side for a classifier", found: "minSize and maxSize")
    }
  }

  private func validate(_ detector: FasterRCNNArchitecture) throws(ModelError) {
    guard !classes.isEmpty, classes.count == detector.classes else {
      throw .value(
        key: "classes", expected: "\(max(1, detector.classes)) names", found: "\(classes.count)")
    }
    guard thresholds != nil else {
      throw .value(key: "thresholds", expected: "an object for a detector", found: "none")
    }
    guard case .shorterSide(let minSize, let maxSize) = input else {
      throw .value(key: "input", expected: "minSize and maxSize for a detector", found: "side")
    }
    guard minSize <= maxSize else {
      throw .value(
        key: "input.maxSize", expected: "at least minSize, \(minSize)", found: "\(maxSize)")
    }
    guard detector.anchorSizes.count == FasterRCNNArchitecture.levels,
      Set(detector.anchorSizes.map(\.count)).count == 1, detector.anchorsPerLocation > 0
    else {
      throw .value(
        key: "architecture.anchorSizes",
        expected: "\(FasterRCNNArchitecture.levels) levels with as many sizes on each",
        found: "\(detector.anchorSizes)")
    }
  }

  private func validateFiles() throws(ModelError) {
    for (index, file) in files.enumerated() {
      // A plain name: there is nothing to traverse.
      guard file.path.utf8.allSatisfy(Self.isNameByte), !file.path.hasPrefix("."),
        !file.path.isEmpty, file.path != Self.fileName
      else {
        throw .value(
          key: "files[\(index)].path",
          expected: "a file name of letters, digits, '.', '_', '-', no '.' in front",
          found: file.path)
      }
    }
    guard Set(files.map(\.path)).count == files.count else {
      throw .value(key: "files", expected: "every path once", found: "one of them twice")
    }
    let weights = files.count { $0.path.hasSuffix(".safetensors") }
    guard weights == 1 else {
      throw .value(key: "files", expected: "one .safetensors file", found: "\(weights)")
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
