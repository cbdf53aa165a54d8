// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/model/activation.hpp"
#include "engine/ops/format.hpp"
#include "engine/ops/packed_weights.hpp"
#include "engine/tensor/activation_step.hpp"

namespace rcnn::engine {

/// One operator made ready for fixed shapes and layouts.
///
/// Thread safety: const methods are thread-safe; run() needs scratch of its own. It uses as many threads as
/// the thread that made it would have used: make it under the OpenMP thread count under which it will run.
class Operator {
 public:
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  const std::string& name() const { return name_; }
  /// "jit:avx2" and the like: the implementation that was chosen.
  const std::string& implementation() const { return implementation_; }
  /// Formats in which the inputs must come.
  const std::vector<Format>& inputs() const { return inputs_; }
  const Format& output() const { return output_; }
  /// What it writes besides; empty of most operators.
  const std::vector<Format>& further_outputs() const { return further_outputs_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  /// Input whose memory the output takes over: run() finds that input's values in `output` and replaces them.
  /// -1 if the output is written from scratch and must not overlap an input.
  int in_place() const { return in_place_; }

  /// Pointers are 64-byte aligned. The in-place input's pointer is ignored.
  ///   outputs  output(), then further_outputs()
  /// \throws DeviceError if the operator fails.
  virtual void run(std::span<const void* const> inputs, std::span<void* const> outputs,
                   void* scratch) const = 0;

 protected:
  explicit Operator(std::string name) : name_(std::move(name)) {}

  std::string name_;
  std::string implementation_;
  std::vector<Format> inputs_;
  Format output_;
  std::vector<Format> further_outputs_;
  std::size_t scratch_bytes_ = 0;
  int in_place_ = -1;
};

/// A 2-D convolution, optionally plus bias, plus a further input, then an activation.
struct Conv2dParams {
  std::string name;    ///< For messages
  std::string weight;  ///< Parameter name, [O, I / groups, k, k]
  std::string bias;    ///< Parameter name, [O]; "" = none
  int out_channels = 0;
  int kernel = 1;
  int stride = 1;
  int padding = 0;
  int groups = 1;
  Activation activation = Activation::kNone;
  DType result = DType::kF32;  ///< Or bf16 where the source is, or 8 bits; then a summand is, too
  /// Of f32 by Winograd's method: what is multiplied is rounded to bf16, as products of bf16 would have it.
  bool round_products = false;
};

/// How a convolution is computed: as it is defined, or by Winograd's method, which takes 2.25 or 4 times
/// fewer products and rounds two to five times as much (engine/README.md).
enum class Conv2dAlgorithm : std::uint8_t { kDirect, kWinograd2x2, kWinograd4x4 };
/// "direct", "F(2x2,3x3)", "F(4x4,3x3)". Thread safety: reentrant, as all functions here (PackedWeights is
/// thread-safe).
std::string to_string(Conv2dAlgorithm algorithm);
/// What this convolution, a quantized one where the source is in 8 bits, can be computed by, direct first.
/// Winograd's method may want the source in other blocks than it lies in (winograd_source).
///   summand  of conv2d, sum; null for conv2d
std::vector<Conv2dAlgorithm> conv2d_algorithms(const Conv2dParams& params, const Format& source,
                                               const Format* summand);
/// The format in which Winograd's method takes the source; none where it cannot compute this convolution.
std::optional<Format> winograd_source(const Conv2dParams& params, const Format& source,
                                      const Format* summand);

/// How the values of an operator are held whose products are of 8-bit integers.
struct QuantizedParams {
  std::string weight_steps;               ///< Parameter name, [O]
  std::optional<ActivationStep> source;   ///< None: bf16, which Winograd's method alone takes
  std::optional<ActivationStep> summand;  ///< Of convolutions with a sum into 8 bits
  std::optional<ActivationStep> result;   ///< None: f32, or bf16 where Conv2dParams::result says so
};

/// The 1x1 convolution of a mask head, for one class a map, with the sigmoid.
struct MaskPredictorParams {
  std::string name;
  std::string weight;  ///< Parameter name, [classes, C]
  std::string bias;    ///< Parameter name, [classes]
  int classes = 0;     ///< 1 = one mask for all classes
  int scale = 1;       ///< Each cell of the source holds the channels of scale x scale cells, (0, 0) first
};

/// The catalogue. Values are f32 but where it says otherwise; N, C, H, W shapes. Where multiplies_bf16() says
/// so, those marked (bf16) take that as well: sources of convolutions and linear layers decide what they
/// multiply in, sums being f32; the others work in the type of their first input. A factory takes the format
/// in which an input lies and may ask for another in Operator::inputs(): a reorder must then come between.
/// Those that choose the output's format say "free"; convolutions and linear layers choose f32 where bf16 is
/// not to be had at speed. \throws ShapeError, ModelError (weights), with the operator's name.
///
///   conv2d         [N, I, H, W] -> [N, O, H', W'], free (bf16)
///   conv2d_pair    [N, I, H, W] -> [N, O, H, W] and [N, P, H, W], f32, kNhwc: two 1x1 convolutions that read
///                  the same; null where no kernel computes both at once (bf16)
///   conv2d_max_pool2d  [N, 3, H, W] -> [N, O, H', W'], bf16, both kNhwc: a convolution of stride 2 with
///                  ReLU, then the largest of 3x3 of its cells, stride 2, padding 1; null where no
///                  kernel does both at once
///   conv2d, sum    [N, I, H, W], [N, O, H', W'] -> [N, O, H', W'] in place of the second input (bf16)
///   max_pool2d     [N, C, H, W] -> [N, C, H', W'] as the input, of its type; padding never wins (bf16)
///   upsample_add   [N, C, 2H, 2W], [N, C, H, W] -> in place of the first: a(y, x) + b(y/2, x/2) (bf16)
///   linear         [R, I] row-major -> [R, O] row-major; a row's values depend on that row alone, not on R
///                  nor on its place, bit for bit (bf16)
///   mask_predictor [N, s * s * C, H, W], [N] classes -> [N, s * H, s * W] probabilities, row-major; a class
///                  out of range is a DeviceError when it runs
///   upsample_bilinear [N, s * s * C, H, W], cells as with the mask predictor -> [N, C, 2sH, 2sW] row-major:
///                  twice the s * H cells; edges clamped (align_corners=False)
///   add            two of one shape -> as the first (bf16)
///   activation     any -> as the input (bf16)
///   scale          [N, C, H, W], [N, C, 1, 1] -> in place of the first: each plane times its factor (bf16)
///   global_avg_pool [N, C, H, W] -> [N, C, 1, 1] as the input: the mean of each plane (bf16)
///   reorder        any -> the same values in `target`
///   round_to_steps any -> what 8 bits can hold of them, still f32, in place
///   round_to_bf16  any -> what bf16 can hold of them, still f32, in place
///   quantized_*    conv2d, conv2d_pair, linear and upsample_add with values in 8 bits
std::unique_ptr<Operator> make_conv2d(const Conv2dParams& params, const Format& source,
                                      PackedWeights& weights,
                                      Conv2dAlgorithm algorithm = Conv2dAlgorithm::kDirect);
std::unique_ptr<Operator> make_conv2d_sum(const Conv2dParams& params, const Format& source,
                                          const Format& summand, PackedWeights& weights,
                                          Conv2dAlgorithm algorithm = Conv2dAlgorithm::kDirect);
std::unique_ptr<Operator> make_conv2d_pair(const Conv2dParams& first, const Conv2dParams& second,
                                           const Format& source, PackedWeights& weights);
///   pool  the pooling's name
std::unique_ptr<Operator> make_conv2d_max_pool2d(const Conv2dParams& params, const std::string& pool,
                                                 const Format& source, PackedWeights& weights);
std::unique_ptr<Operator> make_max_pool2d(const std::string& name, const Format& source, int kernel,
                                          int stride, int padding);
std::unique_ptr<Operator> make_upsample_add(const std::string& name, const Format& fine,
                                            const Format& coarse);
std::unique_ptr<Operator> make_linear(const Conv2dParams& params, const Format& source,
                                      PackedWeights& weights);
/// Products in int8, sums in s32. `source` and `summand` say how these lie, whatever their type now: inputs()
/// has the types that are wanted, f32 for a summand where the result is.
/// By Winograd's method products are of bf16 (and so may be the weights: `weight_steps` is not read) and sums
/// f32; source, result or both are in 8 bits.
std::unique_ptr<Operator> make_quantized_conv2d(const Conv2dParams& params, const QuantizedParams& steps,
                                                const Format& source, const Format* summand,
                                                PackedWeights& weights,
                                                Conv2dAlgorithm algorithm = Conv2dAlgorithm::kDirect);
/// Null where QuantizedParams of the two have another source, or results that are not f32.
std::unique_ptr<Operator> make_quantized_conv2d_pair(const Conv2dParams& first,
                                                     const QuantizedParams& first_steps,
                                                     const Conv2dParams& second,
                                                     const QuantizedParams& second_steps,
                                                     const Format& source, PackedWeights& weights);
std::unique_ptr<Operator> make_quantized_linear(const Conv2dParams& params, const QuantizedParams& steps,
                                                const Format& source, PackedWeights& weights);
/// Both inputs and the result are in 8 bits, kNhwc.
std::unique_ptr<Operator> make_quantized_upsample_add(const std::string& name, const Shape& fine,
                                                      const ActivationStep& fine_step,
                                                      const ActivationStep& coarse_step,
                                                      const ActivationStep& result_step);
std::unique_ptr<Operator> make_mask_predictor(const MaskPredictorParams& params, const Format& source,
                                              PackedWeights& weights);
std::unique_ptr<Operator> make_upsample_bilinear(const std::string& name, const Format& source, int scale);
std::unique_ptr<Operator> make_add(const std::string& name, const Format& a, const Format& b);
std::unique_ptr<Operator> make_activation(const std::string& name, Activation activation,
                                          const Format& source);
std::unique_ptr<Operator> make_scale(const std::string& name, const Format& source, const Format& factors);
std::unique_ptr<Operator> make_global_avg_pool(const std::string& name, const Format& source);
///   scale  what each value is multiplied with before it becomes the target's type, to which it is rounded
std::unique_ptr<Operator> make_reorder(const std::string& name, const Format& source, const Format& target,
                                       float scale = 1);
std::unique_ptr<Operator> make_round_to_steps(const std::string& name, const Format& source,
                                              const ActivationStep& activation);
std::unique_ptr<Operator> make_round_to_bf16(const std::string& name, const Format& source);

}  // namespace rcnn::engine
