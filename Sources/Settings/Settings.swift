/// Everything that can be set. The defaults here are those of `systemd/cleansight.yaml`, which
/// documents each option.
public struct Settings: Sendable, Equatable {
  /// Where HTTP listens.
  public var listen = ListenAddress(host: "127.0.0.1", port: 8080)
  /// Where the bearer token for requests that change state stands.
  public var tokenFile = TokenFile.auto
  /// The folder for what the daemon keeps; nil leaves the choice to `Locations`.
  public var stateDirectory: String?
  /// The local Unix socket; nil leaves the choice to `Locations`.
  public var socket: String?
  /// The model's folder; nil is the model delivered with the program.
  public var model: String?
  /// The folder of a second model, whose detections are shown beside the first one's; nil: none.
  public var compare: String?
  /// What is logged.
  public var logLevel = LogLevel.info
  /// How the network is computed.
  public var engine = EngineSettings()
  /// What of the detections is published.
  public var detection = DetectionSettings()
  /// How cameras are watched for triggers.
  public var guarding = GuardSettings()
  /// What is served, and how many clients.
  public var http = HTTPSettings()
  /// What is kept for purifying the model on the device, and how a new one is watched.
  public var refresh = RefreshSettings()
  /// The cameras; names differ.
  public var cameras = [CameraSettings()]

  /// The defaults.
  public init() {}
}

/// Where the bearer token for requests that change state stands.
public enum TokenFile: Sendable, Equatable {
  /// In `token` in the state directory, made at the first start.
  case auto
  /// There is none: such requests are refused except over the local socket.
  case none
  /// On the first line of a file.
  case path(String)
}

/// How the network is computed.
public struct EngineSettings: Sendable, Equatable {
  /// Who does the arithmetic.
  public enum Backend: String, Sendable, CaseIterable {
    /// oneDNN on x86-64, OpenBLAS elsewhere.
    case auto
    /// oneDNN.
    case onednn
    /// OpenBLAS.
    case openblas
  }

  /// The number format of activations and weights.
  public enum Precision: String, Sendable, CaseIterable {
    /// bf16 where the processor has it, otherwise f32.
    case auto
    /// 32-bit floating point.
    case f32
    /// bfloat16.
    case bf16
  }

  /// Who does the arithmetic.
  public var backend = Backend.auto
  /// The number format.
  public var precision = Precision.auto
  /// Threads of the inference; nil is one per processor.
  public var threads: Int?

  /// The defaults.
  public init() {}
}

/// What of the detections is published.
public struct DetectionSettings: Sendable, Equatable {
  /// Detections below this score are neither drawn nor published, `0...1`.
  public var score = 0.5

  /// The defaults.
  public init() {}
}

/// How cameras are watched for triggers while they are served.
public struct GuardSettings: Sendable, Equatable {
  /// Seconds between two looks at a camera; 0: none is watched.
  public var interval = 1.0
  /// Robust standard deviations above what is usual for a camera from which on it is suspect.
  public var threshold = 4.0

  /// The defaults.
  public init() {}
}

/// What is served, and how many clients.
public struct HTTPSettings: Sendable, Equatable {
  /// Connections at the same time; more are closed at once.
  public var maximumClients = 64
  /// Seconds after which a client that takes nothing is dropped.
  public var clientTimeout = 10.0
  /// Quality of the JPEGs with boxes, `1...100`.
  public var jpegQuality = 80

  /// The defaults.
  public init() {}
}

/// What is kept for purifying the model on the device, and how a new one is watched.
public struct RefreshSettings: Sendable, Equatable {
  /// Where captured frames are kept.
  public enum Keeping: String, Sendable, CaseIterable {
    /// In the state directory.
    case disk
    /// In the runtime directory, which is memory and ends with the service.
    case memory
    /// Nowhere: there is no purification on the device.
    case none
  }

  /// Where captured frames are kept.
  public var frames = Keeping.disk
  /// At most so many.
  public var maximumFrames = 1024
  /// At most so much, in MiB.
  public var maximumMegabytes = 256
  /// None older than so many days.
  public var maximumDays = 30
  /// Seconds between two frames of a camera that are looked at.
  public var interval = 10.0
  /// Seconds for which a new model must work before it counts as good.
  public var probation = 600.0
  /// A folder of public keys: models of others than their owners do not serve; nil: no signature is
  /// asked for.
  public var trustedKeys: String?

  /// The defaults.
  public init() {}
}

/// One camera.
public struct CameraSettings: Sendable, Equatable {
  /// The pixel format asked for.
  public enum Format: String, Sendable, CaseIterable {
    /// What the device delivers best.
    case auto
    /// Motion JPEG.
    case mjpeg
    /// YUYV 4:2:2.
    case yuyv
    /// NV12 4:2:0.
    case nv12
  }

  /// How the camera is called in addresses, metrics and on the page.
  public var name = "scene"
  /// `v4l2:`, `mjpeg:`, `images:` or `synthetic:` and what follows.
  public var address = "synthetic:"
  /// Width asked for, in pixels.
  public var width = 640
  /// Height asked for, in pixels.
  public var height = 480
  /// Frames per second asked for.
  public var fps = 15.0
  /// The pixel format asked for.
  public var format = Format.auto

  /// The default camera, a rendered scene.
  public init() {}

  /// A camera at an address, with the other options' defaults.
  public init(name: String, address: String) {
    self.name = name
    self.address = address
  }
}

/// What is logged: this and what is worse.
public enum LogLevel: String, Sendable, CaseIterable {
  /// Every step.
  case trace
  /// What a developer wants to see.
  case debug
  /// What happens.
  case info
  /// What is unusual.
  case notice
  /// What is worth a look.
  case warning
  /// What failed.
  case error
  /// What ends the program.
  case critical
}
