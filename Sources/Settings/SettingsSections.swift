import Yams

extension EngineSettings {
  /// The most threads that can be asked for.
  public static let maximumThreads = 256

  mutating func read(_ node: Node, _ reader: inout YAMLReader) {
    let values = reader.mapping(node, "engine", keys: ["backend", "precision", "threads"])
    if let node = values["backend"] {
      backend = reader.choice(node, "engine.backend", of: Backend.self) ?? backend
    }
    if let node = values["precision"] {
      precision = reader.choice(node, "engine.precision", of: Precision.self) ?? precision
    }
    if let node = values["threads"], node.scalar?.string != "auto" {
      threads = reader.integer(node, "engine.threads", in: 1...Self.maximumThreads)
    }
  }
}

extension DetectionSettings {
  mutating func read(_ node: Node, _ reader: inout YAMLReader) {
    let values = reader.mapping(node, "detection", keys: ["score"])
    if let node = values["score"] {
      score = reader.number(node, "detection.score", in: 0...1) ?? score
    }
  }
}

extension GuardSettings {
  mutating func read(_ node: Node, _ reader: inout YAMLReader) {
    let values = reader.mapping(node, "guard", keys: ["interval", "threshold"])
    if let node = values["interval"] {
      interval = reader.number(node, "guard.interval", in: 0...3600) ?? interval
    }
    if let node = values["threshold"] {
      threshold = reader.number(node, "guard.threshold", in: 1...1000) ?? threshold
    }
  }
}

extension HTTPSettings {
  mutating func read(_ node: Node, _ reader: inout YAMLReader) {
    let values = reader.mapping(
      node, "http", keys: ["maximum-clients", "client-timeout", "jpeg-quality"])
    if let node = values["maximum-clients"] {
      maximumClients =
        reader.integer(node, "http.maximum-clients", in: 1...1024) ?? maximumClients
    }
    if let node = values["client-timeout"] {
      clientTimeout = reader.number(node, "http.client-timeout", in: 0.5...3600) ?? clientTimeout
    }
    if let node = values["jpeg-quality"] {
      jpegQuality = reader.integer(node, "http.jpeg-quality", in: 1...100) ?? jpegQuality
    }
  }
}

extension RefreshSettings {
  mutating func read(_ node: Node, _ reader: inout YAMLReader) {
    let values = reader.mapping(
      node, "refresh",
      keys: [
        "frames", "maximum-frames", "maximum-megabytes", "maximum-days", "interval", "probation",
        "trusted-keys",
      ])
    if let node = values["frames"] {
      frames = reader.choice(node, "refresh.frames", of: Keeping.self) ?? frames
    }
    if let node = values["maximum-frames"] {
      maximumFrames =
        reader.integer(node, "refresh.maximum-frames", in: 64...10_000) ?? maximumFrames
    }
    if let node = values["maximum-megabytes"] {
      maximumMegabytes =
        reader.integer(node, "refresh.maximum-megabytes", in: 1...65_536) ?? maximumMegabytes
    }
    if let node = values["maximum-days"] {
      maximumDays = reader.integer(node, "refresh.maximum-days", in: 1...3650) ?? maximumDays
    }
    if let node = values["interval"] {
      interval = reader.number(node, "refresh.interval", in: 0.1...86_400) ?? interval
    }
    if let node = values["probation"] {
      probation = reader.number(node, "refresh.probation", in: 1...86_400) ?? probation
    }
    if let node = values["trusted-keys"] {
      trustedKeys = reader.text(
        node, "refresh.trusted-keys", unless: "none", expected: "a folder")
    }
  }
}

extension CameraSettings {
  /// The largest side that can be asked for, in pixels.
  public static let maximumSide = 8192
  /// What a camera's address begins with.
  public static let schemes = ["v4l2:", "mjpeg:", "images:", "synthetic:"]
  static let addressRule = "an address that begins with \(schemes.joined(separator: ", "))"

  static func read(_ node: Node, _ reader: inout YAMLReader) -> [CameraSettings] {
    var cameras: [CameraSettings] = []
    let list = reader.list(node, "cameras", of: "cameras", maximum: Settings.maximumCameras)
    for (index, node) in list.enumerated() {
      var camera = CameraSettings()
      camera.read(node, "cameras[\(index)]", &reader)
      let hasName = node.mapping?["name"] != nil
      if hasName, cameras.contains(where: { $0.name == camera.name }) {
        reader.report(
          node, "cameras[\(index)].name", expected: "a name that no other camera has",
          found: "\"\(camera.name)\" again")
      }
      cameras.append(camera)
    }
    return cameras
  }

  private mutating func read(_ node: Node, _ key: String, _ reader: inout YAMLReader) {
    let values = reader.mapping(
      node, key, keys: ["name", "address", "width", "height", "fps", "format"])
    if let node = values["name"] {
      if let text = node.scalar?.string, Self.isName(text) {
        name = text
      } else {
        reader.report(
          node, "\(key).name", expected: "1 to 64 letters, digits, '-', '_' or '.'")
      }
    } else if case .mapping = node {
      reader.report(node, "\(key).name", expected: "a name", found: "none")
    }
    if let node = values["address"] {
      if let text = node.scalar?.string, Self.isAddress(text) {
        address = text
      } else {
        reader.report(node, "\(key).address", expected: Self.addressRule)
      }
    } else if case .mapping = node {
      reader.report(node, "\(key).address", expected: Self.addressRule, found: "none")
    }
    if let node = values["width"] {
      width = reader.integer(node, "\(key).width", in: 16...Self.maximumSide) ?? width
    }
    if let node = values["height"] {
      height = reader.integer(node, "\(key).height", in: 16...Self.maximumSide) ?? height
    }
    if let node = values["fps"] {
      fps = reader.number(node, "\(key).fps", in: 0.1...240) ?? fps
    }
    if let node = values["format"] {
      format = reader.choice(node, "\(key).format", of: Format.self) ?? format
    }
  }

  /// Whether a text can name a camera: it stands in addresses and metrics.
  public static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  /// Whether a text begins as a camera's address must; what follows is the camera's to judge.
  public static func isAddress(_ text: String) -> Bool {
    text.utf8.count <= 2048 && !text.contains("\0") && schemes.contains { text.hasPrefix($0) }
  }
}
