// SPDX-License-Identifier: MIT
#include <array>
#include <cmath>
#include <string>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"

namespace rcnn::engine {
namespace {

/// Sums kept apart, so that the compiler may use vector registers; any number gives the same order on every
/// machine.
constexpr std::size_t kSums = 8;

float dot(const float* values, const float* weights, std::size_t count) {
  std::array<float, kSums> sums{};
  std::size_t at = 0;
  for (; at + kSums <= count; at += kSums) {
    for (std::size_t lane = 0; lane < kSums; ++lane) sums[lane] += values[at + lane] * weights[at + lane];
  }
  for (; at < count; ++at) sums[0] += values[at] * weights[at];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

class MaskPredictor final : public Operator {
 public:
  MaskPredictor(const MaskPredictorParams& params, const Format& source, PackedWeights& weights)
      : Operator(params.name), scale_(static_cast<std::size_t>(params.scale)) {
    const auto shape = source.shape();
    const auto cells_within = std::int64_t{params.scale} * params.scale;
    if (params.scale < 1 || params.classes < 1 || shape.size() != 4 || shape[1] % cells_within != 0) {
      throw ShapeError("mask predictor '" + params.name + "' of scale " + std::to_string(params.scale) +
                       " and " + std::to_string(params.classes) + " classes cannot take " + to_string(shape));
    }
    maps_ = static_cast<std::size_t>(shape[0]);
    channels_ = static_cast<std::size_t>(shape[1] / cells_within);
    classes_ = static_cast<std::size_t>(params.classes);
    height_ = static_cast<std::size_t>(shape[2]);
    width_ = static_cast<std::size_t>(shape[3]);
    choose_layout(source);
    inputs_.emplace_back(Shape{shape[0]}, Layout::kRowMajor);
    output_ = Format({shape[0], shape[2] * params.scale, shape[3] * params.scale}, Layout::kRowMajor);
    implementation_ = "own";
    const Format rows({params.classes, shape[1] / cells_within}, Layout::kRowMajor);
    const Format bias({params.classes}, Layout::kRowMajor);
    weight_ = weights.get(params.weight, rows, rows);
    bias_ = weights.get(params.bias, bias, bias);
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs, void*) const override {
    const auto* source = static_cast<const float*>(inputs[0]);
    const auto* labels = static_cast<const float*>(inputs[1]);
    auto* masks = static_cast<float*>(outputs[0]);
    const auto per_map = height_ * width_ * scale_ * scale_;
    for (std::size_t map = 0; map < maps_; ++map) {
      predict(source + map * per_map * channels_, row_of(labels[map]), masks + map * per_map);
    }
  }

 private:
  /// Blocks as the convolution wrote them, where they do not straddle two cells' channels; else channels
  /// together.
  void choose_layout(const Format& source) {
    const auto layout = source.layout().value_or(Layout::kNhwc);
    const auto block = static_cast<std::size_t>(channel_block(layout));
    if (block > 1 && channels_ % block == 0) {
      inputs_ = {source};
      run_ = block;
      run_stride_ = height_ * width_ * block;
      cell_stride_ = block;
    } else {
      inputs_ = {Format(source.shape(), Layout::kNhwc)};
      run_ = channels_;
      run_stride_ = channels_;
      cell_stride_ = channels_ * scale_ * scale_;
    }
  }

  std::size_t row_of(float label) const {
    if (classes_ == 1) return 0;  // Class-agnostic
    const bool known = label >= 0 && label < static_cast<float>(classes_);
    if (!known) {
      throw DeviceError("mask predictor '" + name_ + "' was asked for class " + std::to_string(label) +
                        " of " + std::to_string(classes_));
    }
    return static_cast<std::size_t>(label);
  }

  void predict(const float* source, std::size_t row, float* mask) const {
    const float* weight = weight_->values<float>().data() + row * channels_;
    const float bias = bias_->values<float>()[row];
    const auto runs = channels_ / run_;
    for (std::size_t cell = 0; cell < height_ * width_; ++cell) {
      const float* values = source + cell * cell_stride_;
      for (std::size_t within = 0; within < scale_ * scale_; ++within) {
        float sum = bias;
        for (std::size_t i = 0; i < runs; ++i) {
          sum += dot(values + (within * runs + i) * run_stride_, weight + i * run_, run_);
        }
        const auto y = cell / width_ * scale_ + within / scale_;
        const auto x = cell % width_ * scale_ + within % scale_;
        mask[y * width_ * scale_ + x] = 1.F / (1.F + std::exp(-sum));
      }
    }
  }

  std::size_t scale_, maps_ = 0, channels_ = 0, classes_ = 0, height_ = 0, width_ = 0;
  std::size_t run_ = 0;  ///< Channels of a cell come in runs of neighbours
  std::size_t run_stride_ = 0, cell_stride_ = 0;
  std::shared_ptr<const Tensor> weight_, bias_;
};

}  // namespace

std::unique_ptr<Operator> make_mask_predictor(const MaskPredictorParams& params, const Format& source,
                                              PackedWeights& weights) {
  return std::make_unique<MaskPredictor>(params, source, weights);
}

}  // namespace rcnn::engine
