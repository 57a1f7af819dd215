import Foundation

/// Reads COCO's layout: one file of JSON for a split.
enum COCOLayout {
  /// Reads a split. Pictures come by id, then the entries that belong to none, in the file's order.
  /// - Throws: `DataSetError.annotation` where the file cannot be used.
  static func read(
    path: String, split: String, file: String, options: AnnotatedDataSet.Options
  ) throws -> AnnotationContents {
    let limits = options.annotationLimits
    let data: Data
    let contents: COCOFile
    do throws(AnnotationFault) {
      data = Data(try AnnotationFiles.read("\(path)/\(file)", limit: limits.jsonBytes))
      contents = try COCOFile.parse(data)
    } catch {
      throw DataSetError.annotation(place: file, expected: error.expected, found: error.found)
    }
    guard contents.images.count <= limits.images else {
      throw DataSetError.annotation(
        place: file, expected: "at most \(limits.images) images",
        found: "\(contents.images.count)")
    }
    let categories = try self.categories(contents.categories, file: file)
    var pictures = try COCOPictures(contents.images, file: file)
    let labels = Dictionary(uniqueKeysWithValues: categories.map { ($0.id, $0.name) })
    for (index, entry) in contents.annotations.enumerated() {
      pictures.add(entry.result, index: index, labels: labels, limit: limits.objectsPerImage)
    }
    return AnnotationContents(
      categories: categories.map(\.name), entries: pictures.entries(),
      pictureFolders: ["\(split)/", "images/\(split)/", "images/", ""],
      sharedFiles: [ImageFile(name: file, byteCount: data.count)])
  }

  /// The classes by id.
  private static func categories(_ list: [COCOCategory], file: String) throws -> [COCOCategory] {
    guard !list.isEmpty, !list.contains(where: { $0.name.isEmpty }),
      Set(list.map(\.id)).count == list.count, Set(list.map(\.name)).count == list.count
    else {
      throw DataSetError.annotation(
        place: "\(file), categories",
        expected: "at least one category, each with an id and a name of its own",
        found: list.isEmpty ? "none" : "two that share one, or a name that is empty")
    }
    return list.sorted { $0.id < $1.id }
  }
}

/// Brings COCO's lists of images and of annotations together.
private struct COCOPictures {
  private struct Picture {
    let image: COCOImage
    var fault: AnnotationFault?
    var objects: [FoundObject] = []
  }

  private let file: String
  private var pictures: [Picture] = []
  private var places: [Int: Int] = [:]
  private var loose: [AnnotationEntry] = []

  /// - Throws: `DataSetError.annotation` for a name that leads out of the folder.
  init(_ images: [COCOEntry<COCOImage>], file: String) throws {
    self.file = file
    var names: Set<String> = []
    for (index, entry) in images.enumerated() {
      let image: COCOImage
      switch entry.result {
      case .failure(let fault):
        addLoose("images[\(index)]", fault)
        continue
      case .success(let found): image = found
      }
      guard AnnotationFiles.safeName(image.fileName) != nil else {
        throw DataSetError.annotation(
          place: "\(file), images[\(index)]", expected: "the name of a picture in the folder",
          found: AnnotationFiles.quoted(image.fileName))
      }
      if let first = places[image.id] {
        // Nobody knows which of them the objects belong to.
        let fault = AnnotationFault(expected: "each id once", found: "\(image.id) again")
        pictures[first].fault = fault
        addLoose("images[\(index)]", fault)
        continue
      }
      var picture = Picture(image: image)
      if case .failure(let fault) = image.size { picture.fault = fault }
      if !names.insert(image.fileName).inserted {
        picture.fault = AnnotationFault(
          expected: "each file_name once", found: "\(image.fileName) again")
      }
      places[image.id] = pictures.count
      pictures.append(picture)
    }
  }

  private mutating func addLoose(_ name: String, _ fault: AnnotationFault) {
    loose.append(AnnotationEntry(name: name, place: "\(file), \(name)", result: .failure(fault)))
  }

  /// Adds an object to its picture; the first fault of a picture is kept.
  mutating func add(
    _ result: Result<COCOObject, AnnotationFault>, index: Int, labels: [Int: String], limit: Int
  ) {
    let name = "annotations[\(index)]"
    switch result {
    case .failure(let fault): addLoose(name, fault)
    case .success(let object):
      guard let place = places[object.imageID] else {
        addLoose(
          name, AnnotationFault(expected: "the id of an image", found: "\(object.imageID)"))
        return
      }
      guard pictures[place].fault == nil else { return }
      do throws(AnnotationFault) {
        let found = try self.object(try object.details.get(), labels)
        guard pictures[place].objects.count < limit else {
          throw AnnotationFault(expected: "at most \(limit) objects", found: "more")
        }
        pictures[place].objects.append(found)
      } catch {
        pictures[place].fault = error
        pictures[place].objects = []
      }
    }
  }

  private func object(
    _ details: COCOObject.Details, _ labels: [Int: String]
  ) throws(AnnotationFault) -> FoundObject {
    guard let label = labels[details.categoryID] else {
      throw AnnotationFault(expected: "the id of a category", found: "\(details.categoryID)")
    }
    let box = details.box
    return try .coco(
      label: label, x: box[0], y: box[1], width: box[2], height: box[3],
      isCrowd: details.isCrowd)
  }

  /// The pictures by id, then what belongs to none.
  func entries() -> [AnnotationEntry] {
    let sorted = pictures.sorted { $0.image.id < $1.image.id }
    return sorted.map { picture in
      let name = picture.image.fileName
      return AnnotationEntry(
        name: name, place: "\(file), image \(name)",
        result: Result { () throws(AnnotationFault) in
          if let fault = picture.fault { throw fault }
          return FoundPicture(
            fileName: name, size: try picture.image.size.get(), objects: picture.objects)
        })
    } + loose
  }
}
