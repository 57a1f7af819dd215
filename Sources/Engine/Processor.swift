import CKernels
import COneDNN
import Foundation

/// What the processor at hand can do.
public enum Processor {
  /// Whether it multiplies bf16 (AVX512-BF16).
  public static let hasBFloat16 = cs_level_supported(Int32(CS_LEVEL_AVX512BF16))
  /// Whether it has AVX-512: oneDNN's kernels for Winograd's algorithm want it.
  static let hasAVX512 = cs_level_supported(Int32(CS_LEVEL_AVX512))
  /// Whether oneDNN generates kernels for it.
  static let hasOneDNNKernels = cs_dnnl_generates_kernels() != 0
  /// Cores this process may use.
  public static let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
}
