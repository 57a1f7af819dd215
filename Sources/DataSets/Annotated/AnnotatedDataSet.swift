import Foundation
import Frames
import Tensors

/// A data set for detection: pictures with boxes, in the layout of PASCAL VOC or of COCO.
///
/// **VOC** (Everingham et al., "The PASCAL Visual Object Classes Challenge", development kit 2012,
/// section 9): `ImageSets/Main/<split>.txt` lists names, `Annotations/<name>.xml` and
/// `JPEGImages/<name>.jpg` belong to them. VOC counts pixels from 1 and includes the last one; a box
/// becomes `xmin - 1, ymin - 1, xmax, ymax`. "Difficult" objects are ignored ones.
///
/// **COCO** (Lin et al., "Microsoft COCO: Common Objects in Context"; cocodataset.org, "Data
/// format"): `annotations/<split>.json` or `annotations/instances_<split>.json`; the JPEGs are in
/// `<split>`, `images/<split>`, `images` or the folder itself, whichever has them first. A `bbox` is
/// left, top, width, height. Crowds are ignored objects.
///
/// An annotation that breaks its format leaves out the whole picture, since a picture with half its
/// objects would teach and measure wrongly. A box that is only empty or entirely outside leaves out
/// the object. A box that is partly outside is clipped. Pictures without objects stay. What was left
/// out is in ``skipped``; with ``BrokenRule/refuse`` it is an error instead.
///
/// Annotations are read when the set is opened, pictures when they are asked for. Any thread may use
/// the set.
public struct AnnotatedDataSet: Sendable, Hashable {
  /// The folder as it was given.
  public let path: String
  /// The names of the classes; a class's index is its place here. As they were asked for;
  /// otherwise for VOC those that occur, sorted by their bytes, and for COCO all categories by id.
  public let classes: [String]
  /// The pictures: VOC's in the order of the list, COCO's by id, until they are sampled.
  public let images: [AnnotatedImage]
  /// What was left out when the set was opened.
  public let skipped: SkippedAnnotations
  /// What one picture may cost.
  public let limits: JPEGLimits

  /// The files of each picture, and the one that belongs to all, for the fingerprint.
  private let files: [[ImageFile]]
  private let sharedFiles: [ImageFile]

  /// Opens a data set in the layout that is found.
  /// - Parameters:
  ///   - path: the folder in which `ImageSets` or `annotations` is.
  ///   - split: such as `train`; part of a file's name.
  /// - Throws: `DataSetError`: `value` for options out of range; `missing`, `unreadable`,
  ///   `notAFolder`; `layout`
  ///   where neither layout is found, or both; `annotation` where the list or COCO's file cannot be
  ///   used as a whole, or names a picture outside the folder; `allBroken` where no picture is left;
  ///   and where the options refuse what is broken or unknown, `annotation`, or `picture` for a
  ///   missing one.
  public init(path: String, split: String, options: Options = Options()) throws {
    try options.check()
    let contents =
      switch try AnnotationLayout(path: path, split: split) {
      case .voc(let list): try VOCLayout.read(path: path, list: list, options: options)
      case .coco(let file):
        try COCOLayout.read(path: path, split: split, file: file, options: options)
      }
    var selection = AnnotationSelection(options)
    var images: [AnnotatedImage] = []
    var files: [[ImageFile]] = []
    for entry in contents.entries {
      switch entry.result {
      case .failure(let fault): try selection.leaveOut(fault, of: entry)
      case .success(let found):
        let places = contents.pictureFolders.map { $0 + found.fileName }
        guard let file = AnnotationFiles.first(of: places, in: path) else {
          try selection.leaveOutMissing(entry.name, places: places)
          continue
        }
        images.append(
          AnnotatedImage(
            name: entry.name, path: "\(path)/\(file.name)", width: found.size?.width,
            height: found.size?.height, objects: try selection.objects(found, of: entry)))
        files.append(found.files + [file])
      }
    }
    guard !images.isEmpty else {
      var skipped = selection.skipped.brokenAnnotations
      skipped.add(selection.skipped.missingPictures)
      throw DataSetError.allBroken(path: path, skipped: skipped)
    }
    self.path = path
    classes = options.classes ?? contents.categories ?? Self.labels(of: images)
    self.images = images
    skipped = selection.skipped
    limits = options.limits
    self.files = files
    sharedFiles = contents.sharedFiles
  }

  /// The pictures that can be used, each decoded once: what cannot be is known before any long work.
  /// - Parameter rule: whether others are left out and counted in ``skipped``, or an error.
  /// - Throws: `DataSetError`: `picture` for the first that cannot be used where the rule refuses it,
  ///   `allBroken` where none is left.
  public func decodable(_ rule: BrokenRule, threads: Int? = nil) throws -> AnnotatedDataSet {
    let faults = ParallelDecoding.map(count, threads: threads) { index -> DataSetError? in
      do {
        _ = try image(index)
        return nil
      } catch let error as DataSetError {
        return error
      } catch {
        return .picture(name: images[index].name, reason: "\(error)")
      }
    }
    var skipped = skipped
    for (index, fault) in faults.enumerated() {
      guard let fault else { continue }
      if rule == .refuse { throw fault }
      skipped.brokenPictures.add(name: images[index].name, reason: "\(fault)")
    }
    let usable = faults.indices.filter { faults[$0] == nil }
    guard !usable.isEmpty else {
      throw DataSetError.allBroken(path: path, skipped: skipped.brokenPictures)
    }
    return AnnotatedDataSet(self, indices: usable, skipped: skipped)
  }

  private init(
    _ whole: AnnotatedDataSet, indices: some Sequence<Int>, skipped: SkippedAnnotations? = nil
  ) {
    let indices = Array(indices)
    path = whole.path
    classes = whole.classes
    images = indices.map { whole.images[$0] }
    self.skipped = skipped ?? whole.skipped
    limits = whole.limits
    files = indices.map { whole.files[$0] }
    sharedFiles = whole.sharedFiles
  }

  private static func labels(of images: [AnnotatedImage]) -> [String] {
    Set(images.lazy.flatMap(\.objects).map(\.label)).sorted(by: FolderScan.comesBefore)
  }

  /// The number of pictures.
  public var count: Int { images.count }

  /// What tells this data set from another: of the pictures' files and those of the annotations.
  public var fingerprint: DataSetFingerprint { DataSetFingerprint(sharedFiles + files.joined()) }

  /// One picture at its own size.
  /// - Throws: `DataSetError`: `value` for an index that is not in `0..<count`, `picture` where the
  ///   file cannot be read or decoded, or has another size than annotated: its boxes would be wrong.
  public func image(_ index: Int) throws -> Image {
    guard images.indices.contains(index) else {
      throw DataSetError.value(
        name: "a picture's index", expected: "from 0 to \(count - 1)", found: "\(index)")
    }
    let annotated = images[index]
    let image: Image
    do {
      image = try PictureFile.read(annotated.path, limits: limits)
    } catch {
      throw DataSetError.picture(name: annotated.name, reason: "\(error)")
    }
    if let width = annotated.width, let height = annotated.height,
      (width, height) != (image.width, image.height)
    {
      throw DataSetError.picture(
        name: annotated.name,
        reason: "\(image.width)×\(image.height) pixels where \(width)×\(height) are annotated")
    }
    return image
  }

  /// Some of the pictures in random order, each at most once. A smaller sample with the same seed is
  /// the beginning of a larger one. Classes and ``skipped`` stay those of the whole set.
  /// - Throws: `DataSetError.value` where `count` is not in `1...self.count`.
  public func sample(count: Int, seed: UInt64) throws -> AnnotatedDataSet {
    guard (1...self.count).contains(count) else {
      throw DataSetError.value(
        name: "a sample", expected: "of 1 to \(self.count) pictures", found: "\(count)")
    }
    var random = SeededRandom(seed, Sampling.stream)
    return AnnotatedDataSet(self, indices: random.permutation(self.count).prefix(count))
  }

  /// A share of the pictures in random order, rounded to whole pictures, at least one.
  /// - Throws: `DataSetError.value` where `fraction` is not above 0 and at most 1.
  public func sample(fraction: Double, seed: UInt64) throws -> AnnotatedDataSet {
    try sample(count: try Sampling.count(fraction, of: count), seed: seed)
  }
}
