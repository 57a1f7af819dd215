// swift-tools-version: 6.2
// CleanSight: a streaming inference guard for cameras at the edge.
//
// Targets stand in the order in which data flows; a target depends on those above it only.
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// C compiled with optimisation in debug builds too: these kernels are what tests spend their time in.
let kernels: [CSetting] = [.unsafeFlags(["-O3", "-Wall", "-Werror"])]

/// Swift that goes through every value of a network or a picture, optimised in debug builds too:
/// without it tests would spend minutes on copying weights.
let numeric: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

func library(
  _ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = strict
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.init(stringLiteral: name)] + dependencies,
    resources: [.copy("Resources")],
    swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "CleanSight",
  products: [
    .executable(name: "cleansightd", targets: ["cleansightd"]),
    .executable(name: "cleansight", targets: ["cleansight"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.9.0"),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.10.0"),
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.30.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.80.0"),
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
  ],
  targets: [
    // C, each behind one Swift wrapper.
    .target(name: "CLibJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
    .target(name: "CVideo4Linux", linkerSettings: [.linkedLibrary("v4l2")]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("openblas")]),
    .target(name: "CKernels", cSettings: kernels, linkerSettings: [.linkedLibrary("gomp")]),

    // camera → frame
    library("Frames", ["CLibJPEG"], numeric),
    library("Scenes", ["Frames"]),
    library("Cameras", ["Frames", "Scenes", "CVideo4Linux", logging, httpClient]),

    // frame → tensor → network → detections
    library("Tensors", [], numeric),
    library("Networks", ["Tensors"], numeric),
    library(
      "Engine", ["Tensors", "Networks", "CKernels", "COneDNN", "COpenBLAS", logging], numeric),
    library("Models", ["Tensors", "Networks", crypto], numeric),
    library("Detection", ["Frames", "Tensors", "Networks", "Engine", "Models", "CKernels"]),
    library("Measurement", ["Frames", "Tensors", "COpenBLAS"], numeric),

    // pictures → views → losses → candidate: purification
    library("DataSets", ["Frames", "Tensors"], numeric),
    library("Augmentation", ["Frames", "Tensors"], numeric),
    library("Losses", ["Tensors", "COpenBLAS"], numeric),
    library("Backbones", ["Frames", "Tensors", "Networks", "Engine", "Models"], numeric),
    library("Attacks", ["Frames", "Tensors"], numeric),
    library("Evidence", ["Frames", "Tensors"], numeric),
    library("Reports", ["Tensors", "COpenBLAS", "Measurement", "Evidence"], numeric),
    library(
      "Purification",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "Backbones", "DataSets",
        "Augmentation", "Losses", "Attacks", "Evidence", "Measurement", "COpenBLAS",
      ], numeric),
    library(
      "Laboratory",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "Backbones", "DataSets",
        "Augmentation", "Losses", "Attacks", "Measurement",
      ], numeric),
    // boxes → targets → losses → detector, and what triggers do to one
    library(
      "DetectorTraining",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "Detection", "DataSets", "Losses",
        "Laboratory",
      ], numeric),
    library(
      "DetectorPurification",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "Backbones", "DataSets",
        "Purification",
      ], numeric),
    library(
      "DetectionEvaluation", ["Frames", "Tensors", "Detection", "Attacks", "Measurement"], numeric),

    library(
      "Implanting",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "Backbones", "Attacks",
        "DetectionEvaluation", "DetectorPurification",
      ], numeric),

    // frames → reservoir → sieve → candidate → gate → model store: purification on the device
    library("RefreshStatus"),
    library("ModelStore", ["Tensors", "Networks", "Models", crypto]),
    library("Reservoir", ["Frames", "Tensors", "Models"], numeric),
    library(
      "Sifting",
      ["Frames", "Tensors", "Detection", "Augmentation", "Measurement"],
      numeric),
    library(
      "Gate",
      ["Frames", "Tensors", "Models", "Engine", "Detection", "Attacks"], numeric),
    library(
      "Refresh",
      [
        "Engine", "Models", "Detection", "DataSets", "Purification",
        "DetectorPurification", "Reservoir", "Sifting", "Gate", "ModelStore", "RefreshStatus",
      ]),

    // detections → publishers, and the daemon that holds the stages together
    library("Settings", [yaml]),
    library(
      "Pipeline",
      [
        "Frames", "Cameras", "Detection", "Measurement", "Sifting", "RefreshStatus", logging,
        metrics,
        coreMetrics, lifecycle,
      ]),
    library(
      "Publishers",
      [
        "Frames", "Pipeline", "RefreshStatus", logging, metrics, coreMetrics, lifecycle,
        hummingbird, nio,
      ]),
    library(
      "Daemon",
      [
        "Settings", "Cameras", "Models", "Engine", "Detection", "Pipeline", "Publishers",
        "RefreshStatus", "Reservoir", "ModelStore", logging,
        metrics, coreMetrics, lifecycle, signals,
      ]),

    .executableTarget(
      name: "cleansightd", dependencies: ["Daemon", "Settings", arguments, logging],
      swiftSettings: strict),
    .executableTarget(
      name: "cleansight",
      dependencies: [
        "Frames", "Scenes", "Cameras", "Models", "Networks", "Engine", "Detection", "Measurement",
        "Settings", "Pipeline", "Daemon", "Tensors", "DataSets", "Attacks", "Backbones",
        "Purification", "Evidence", "Reports", "Laboratory", "DetectorTraining",
        "DetectorPurification", "DetectionEvaluation", "Implanting", "Refresh", "RefreshStatus",
        "Sifting",
        "Reservoir", "ModelStore", arguments, logging, httpClient,
      ],
      swiftSettings: strict),

    // What tests of several targets share.
    .target(
      name: "SmallDetectors", dependencies: ["Frames", "Tensors", "Networks", "Models"],
      path: "Tests/SmallDetectors", swiftSettings: strict),

    tests("Frames"), tests("Scenes"), tests("Cameras", ["Frames", "Scenes"]),
    tests("Tensors"), tests("Networks", ["Tensors"]),
    tests("Engine", ["Tensors", "Networks", "Models", "CKernels"]),
    tests("Models", ["Tensors", "Networks"]),
    tests("Detection", ["Frames", "Tensors", "Networks", "Engine", "Models", "CKernels"]),
    tests("Measurement", ["Frames", "Tensors"]),
    tests("DataSets", ["Frames", "Tensors"]), tests("Augmentation", ["Frames", "Tensors"]),
    tests("Backbones", ["Tensors", "Networks", "Engine", "Models"]),
    tests("Losses", ["Tensors"]), tests("Attacks", ["Frames", "Tensors"]),
    tests("Evidence", ["Frames", "Tensors"]),
    tests("Reports", ["Tensors", "Measurement", "Evidence"]),
    tests(
      "Purification",
      ["Frames", "Tensors", "Networks", "Engine", "Models", "Backbones", "DataSets", "Losses"]),
    tests(
      "Laboratory",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "Backbones", "DataSets", "Attacks",
        "Losses", "Measurement",
      ]),
    tests(
      "DetectorTraining",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "Detection", "DataSets", "Laboratory",
      ]),
    tests(
      "DetectorPurification",
      [
        "Frames", "Tensors", "Networks", "Engine", "Models", "DataSets", "Purification",
        "SmallDetectors",
      ]),
    tests(
      "DetectionEvaluation", ["Frames", "Tensors", "Detection", "Attacks", "Measurement"]),
    tests(
      "Implanting",
      [
        "Frames", "Tensors", "Engine", "Models", "DataSets", "Attacks", "DetectorPurification",
        "SmallDetectors",
      ]),
    tests("RefreshStatus"),
    tests("ModelStore", ["Tensors", "Networks", "Models", crypto]),
    tests("Reservoir", ["Frames", "Tensors", "Scenes", "Models"]),
    tests(
      "Sifting",
      [
        "Frames", "Engine", "Models", "Detection", "DataSets", "DetectorPurification",
        "SmallDetectors",
      ]),
    tests(
      "Gate",
      ["Frames", "Tensors", "Models", "Engine", "Detection", "Measurement", "Attacks", "Scenes"]),
    tests(
      "Refresh",
      [
        "Frames", "Scenes", "Networks", "Models", "Reservoir", "ModelStore", "RefreshStatus",
        "Engine", "Gate",
      ]),
    tests("Settings"),
    tests(
      "Pipeline",
      [
        "Frames", "Cameras", "Scenes", "Detection", "Measurement", "Engine", "Sifting",
        "SmallDetectors", logging, coreMetrics,
      ]),
    tests(
      "Publishers",
      [
        "Frames", "Cameras", "Detection", "Pipeline", "RefreshStatus", logging, coreMetrics,
        lifecycle, httpClient,
        nio,
      ]),
    tests(
      "Daemon",
      [
        "Frames", "Models", "Settings", "Pipeline", "Publishers", logging, httpClient, nio,
        "cleansightd", "cleansight",
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: ["Frames", "Scenes", "Networks", "Models", "Tensors", "cleansight"],
      resources: [.copy("Resources")], swiftSettings: strict),
  ],
  cLanguageStandard: .gnu11
)
