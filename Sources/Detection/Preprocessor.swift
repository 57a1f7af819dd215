import CKernels
import Engine
import Frames

/// torchvision's `GeneralizedRCNNTransform`: an RGB image, normalised, resized and padded with
/// zeros to a multiple of 32, as the tensor of one image. One thread uses it.
public final class Preprocessor {
  /// How the tensor lies in memory.
  public enum Layout: Sendable, Hashable {
    /// `[1, height, width, channels]`; channels beyond the third are 0.
    case nhwc(channels: Int)
    /// `[1, 3, height, width]`.
    case nchw
  }

  /// The images it takes.
  public let source: PixelSize
  /// Their size on the network's grid: boxes are found in these coordinates.
  public let resized: PixelSize
  /// The tensor's size.
  public let padded: PixelSize
  /// The tensor's layout.
  public let layout: Layout
  /// The tensor's element.
  public let element: Precision

  private let columnLower: Storage<Int32>
  private let columnUpper: Storage<Int32>
  private let columnWeight: Storage<Float>
  private let rowLower: Storage<Int32>
  private let rowUpper: Storage<Int32>
  private let rowWeight: Storage<Float>
  private let scratch: Storage<Float>
  private let workers: Int
  private var job = cs_preprocess_job()

  /// Lays out everything for images of one size.
  /// - Parameters:
  ///   - workers: threads at most; nil for as many as the kernels have here.
  ///   - padded: the tensor's size where it is to be larger than the next multiple of 32.
  /// - Throws: `DetectionError` for options or sizes out of range.
  public init(
    source: PixelSize, options: DetectionOptions, layout: Layout, element: Precision,
    workers: Int? = nil, padded: PixelSize? = nil
  ) throws {
    try options.validate()
    if case .nhwc(let channels) = layout, !(3...64).contains(channels) {
      throw DetectionError.option(name: "channels", expected: "3 to 64", found: "\(channels)")
    }
    self.source = source
    self.layout = layout
    self.element = element
    resized = try options.resizedSize(of: source)
    self.padded = padded ?? DetectionOptions.paddedSize(of: resized)
    guard self.padded.width >= resized.width, self.padded.height >= resized.height else {
      throw DetectionError.option(
        name: "padded", expected: "at least \(resized)", found: "\(self.padded)")
    }
    self.workers = max(1, workers ?? cs_workers())
    columnLower = Storage(count: resized.width)
    columnUpper = Storage(count: resized.width)
    columnWeight = Storage(count: resized.width)
    rowLower = Storage(count: resized.height)
    rowUpper = Storage(count: resized.height)
    rowWeight = Storage(count: resized.height)
    scratch = Storage(count: self.workers * cs_preprocess_scratch(source.width, resized.width))
    cs_resize_table(
      source.width, resized.width, columnLower.pointer, columnUpper.pointer, columnWeight.pointer)
    cs_resize_table(
      source.height, resized.height, rowLower.pointer, rowUpper.pointer, rowWeight.pointer)

    job.width = source.width
    job.height = source.height
    job.resized_width = resized.width
    job.resized_height = resized.height
    job.padded_width = self.padded.width
    job.padded_height = self.padded.height
    // (byte / 255 - mean) / std as one product and one sum, which is within rounding of it.
    func factor(_ channel: Int) -> Float { Float(1 / (255 * Double(options.std[channel]))) }
    func shift(_ channel: Int) -> Float {
      Float(-Double(options.mean[channel]) / Double(options.std[channel]))
    }
    job.scale = (factor(0), factor(1), factor(2))
    job.bias = (shift(0), shift(1), shift(2))
    job.column_lower = UnsafePointer(columnLower.pointer)
    job.column_upper = UnsafePointer(columnUpper.pointer)
    job.column_weight = UnsafePointer(columnWeight.pointer)
    job.row_lower = UnsafePointer(rowLower.pointer)
    job.row_upper = UnsafePointer(rowUpper.pointer)
    job.row_weight = UnsafePointer(rowWeight.pointer)
    if case .nhwc(let channels) = layout {
      job.channels = channels
    } else {
      job.channels = 3
      job.planar = true
    }
    job.element = element == .bf16 ? 1 : 0
    job.scratch = scratch.pointer
    job.workers = self.workers
  }

  /// Bytes of the tensor.
  public var byteCount: Int { padded.area * job.channels * element.bytes }

  /// Writes the tensor of an image; all of it, padding too.
  /// - Throws: `DetectionError` where the image has another size or `output` is too small.
  public func run(_ image: Image, into output: UnsafeMutableRawBufferPointer) throws {
    let size = PixelSize(width: image.width, height: image.height)
    guard size == source else { throw DetectionError.imageSize(expected: source, found: size) }
    guard image.pixels.count == 3 * size.area else {
      throw DetectionError.bufferSize(
        of: "pixels", expected: 3 * size.area, found: image.pixels.count)
    }
    guard let address = output.baseAddress, output.count >= byteCount else {
      throw DetectionError.bufferSize(
        of: "the input tensor's bytes", expected: byteCount, found: output.count)
    }
    image.pixels.withUnsafeBufferPointer { pixels in
      job.pixels = pixels.baseAddress
      job.output = address
      cs_preprocess(&job)
    }
    job.pixels = nil
    job.output = nil
  }
}
