import HTTPTypes
import Hummingbird
import Pipeline

/// The Open Inference Protocol's metadata and health, version 2 (KServe, Triton).
struct ModelRoutes: Sendable {
  let pipeline: Pipeline
  let version: String

  func add(to routes: RouteTable) {
    routes.on(.get, "v2") { _, _ in
      try .json(Server(name: "cleansight", version: version, extensions: []))
    }
    routes.on(.get, "v2/health/live") { _, _ in try .json(Live(live: true)) }
    routes.on(.get, "v2/health/ready") { _, _ in
      try requireReady()
      return try .json(Ready(ready: true))
    }
    routes.on(.get, "v2/models/{model}", metadata)
    routes.on(.get, "v2/models/{model}/ready") { _, context in
      let model = try model(context)
      try requireReady()
      return try .json(ModelReady(name: model.name, ready: true))
    }
  }

  private struct Server: Codable {
    var name, version: String
    var extensions: [String]
  }
  private struct Live: Codable {
    var live: Bool
  }
  private struct Ready: Codable {
    var ready: Bool
  }
  private struct ModelReady: Codable {
    var name: String
    var ready: Bool
  }
  private struct Tensor: Codable {
    var name, datatype: String
    var shape: [Int]
  }
  private struct Metadata: Codable {
    var name: String
    var versions: [String]
    var platform: String
    var engine: String
    var classes: [String]
    var inputs, outputs: [Tensor]
  }

  private func metadata(_ request: Request, _ context: APIContext) throws -> Response {
    let model = try model(context)
    return try .json(
      Metadata(
        name: model.name, versions: ["\(model.generation)"], platform: "cleansight_fasterrcnn",
        engine: model.engine, classes: model.classes,
        inputs: [Tensor(name: "image", datatype: "UINT8", shape: [-1, -1, 3])],
        outputs: [
          Tensor(name: "boxes", datatype: "FP32", shape: [-1, 4]),
          Tensor(name: "labels", datatype: "INT64", shape: [-1]),
          Tensor(name: "scores", datatype: "FP32", shape: [-1]),
        ]))
  }

  private func model(_ context: APIContext) throws -> ModelStatus {
    let name = context.parameters.get("model") ?? ""
    guard let model = pipeline.model else {
      throw RequestError(.serviceUnavailable, "expected a model, found none loaded yet")
    }
    guard model.name == name else {
      throw RequestError(
        .notFound, "expected the model \(model.name), found \"\(name.prefix(80))\"")
    }
    return model
  }

  private func requireReady() throws {
    guard pipeline.isReady else {
      throw RequestError(.serviceUnavailable, "not ready: \(pipeline.statusLine)")
    }
  }
}
