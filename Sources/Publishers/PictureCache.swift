import Frames
import Pipeline
import Synchronization

/// Encodes a frame once for all who watch it, with boxes or without, and only when somebody does.
final class PictureCache: Sendable {
  private struct Key: Hashable {
    var camera: String
    var overlay: PictureOverlay
  }
  private struct Entry {
    var captured: ContinuousClock.Instant
    var task: Task<[UInt8], any Error>
  }
  private let entries = Mutex<[Key: Entry]>([:])
  private let encoder: JPEGEncoder
  private let noVideo = Mutex<(reason: String, jpeg: [UInt8])?>(nil)

  init(quality: Int) { encoder = JPEGEncoder(quality: quality) }

  /// The frame as a JPEG. Without boxes it is the camera's own, where the camera sends JPEG.
  /// - Throws: `JPEGError`.
  func jpeg(_ result: FrameResult, _ overlay: PictureOverlay) async throws -> [UInt8] {
    if overlay == .none, let jpeg = result.frame.jpeg { return jpeg }
    let key = Key(camera: result.frame.camera, overlay: overlay)
    let encoder = encoder
    let task = entries.withLock { entries in
      if let entry = entries[key], entry.captured == result.frame.captured { return entry.task }
      let task = Task.detached {
        var image = result.frame.image
        switch overlay {
        case .none: break
        case .detections: Overlay().draw(result.detections, on: &image)
        case .beside: Overlay().draw(result.beside?.detections ?? [], on: &image)
        }
        return try encoder.encode(image)
      }
      // A few cameras may have come and gone; what nobody looks at any more is not kept for long.
      if entries.count > 64 { entries.removeAll() }
      entries[key] = Entry(captured: result.frame.captured, task: task)
      return task
    }
    return try await task.value
  }

  /// The picture that is shown while there is none.
  /// - Throws: `JPEGError`.
  func noVideo(camera: String, status: CameraStatus) throws -> [UInt8] {
    let reason = "\(camera): \(status.reason)"
    if let picture = noVideo.withLock({ $0 }), picture.reason == reason { return picture.jpeg }
    let jpeg = try encoder.encode(NoVideoPicture.draw(camera: camera, reason: status.reason))
    noVideo.withLock { $0 = (reason, jpeg) }
    return jpeg
  }
}

/// What is drawn over a picture.
enum PictureOverlay: Hashable {
  /// Nothing.
  case none
  /// The detections.
  case detections
  /// Those of the model that is compared with.
  case beside
}
