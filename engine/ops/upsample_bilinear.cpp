// SPDX-License-Identifier: MIT
#include <algorithm>
#include <vector>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"

namespace rcnn::engine {
namespace {

/// Twice as long: each value in the middle between two cells is made of a quarter of the one and three of the
/// other.
void double_line(const float* source, std::size_t count, std::size_t stride, float* result,
                 std::size_t result_stride) {
  for (std::size_t i = 0; i < count; ++i) {
    const float here = source[i * stride];
    const float before = source[(i == 0 ? 0 : i - 1) * stride];
    const float after = source[std::min(i + 1, count - 1) * stride];
    result[2 * i * result_stride] = 0.25F * before + 0.75F * here;
    result[(2 * i + 1) * result_stride] = 0.75F * here + 0.25F * after;
  }
}

class UpsampleBilinear final : public Operator {
 public:
  UpsampleBilinear(const std::string& name, const Format& source, int scale)
      : Operator(name), scale_(static_cast<std::size_t>(scale)) {
    const auto shape = source.shape();
    if (scale < 1 || shape.size() != 4 || shape[1] % (std::int64_t{scale} * scale) != 0) {
      throw ShapeError("upsampling '" + name + "' of scale " + std::to_string(scale) + " cannot take " +
                       to_string(shape));
    }
    const auto channels = shape[1] / (std::int64_t{scale} * scale);
    maps_ = static_cast<std::size_t>(shape[0]);
    channels_ = static_cast<std::size_t>(channels);
    height_ = static_cast<std::size_t>(shape[2]);
    width_ = static_cast<std::size_t>(shape[3]);
    inputs_ = {Format(shape, Layout::kRowMajor)};
    output_ = Format({shape[0], channels, 2 * scale * shape[2], 2 * scale * shape[3]}, Layout::kRowMajor);
    implementation_ = "own";
    scratch_bytes_ = sizeof(float) * 3 * plane();
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    const auto* source = static_cast<const float*>(inputs[0]);
    auto* result = static_cast<float*>(outputs[0]);
    auto* cells = static_cast<float*>(scratch);
    auto* wide = cells + plane();
    const auto rows = scale_ * height_, columns = scale_ * width_;
    for (std::size_t map = 0; map < maps_; ++map) {
      for (std::size_t channel = 0; channel < channels_; ++channel) {
        gather(source + map * scale_ * scale_ * channels_ * height_ * width_, channel, cells);
        for (std::size_t y = 0; y < rows; ++y) {
          double_line(cells + y * columns, columns, 1, wide + y * 2 * columns, 1);
        }
        for (std::size_t x = 0; x < 2 * columns; ++x) {
          double_line(wide + x, rows, 2 * columns, result + x, 2 * columns);
        }
        result += 4 * plane();
      }
    }
  }

 private:
  std::size_t plane() const { return scale_ * scale_ * height_ * width_; }

  /// One channel's cells in their places.
  void gather(const float* map, std::size_t channel, float* cells) const {
    for (std::size_t place = 0; place < scale_ * scale_; ++place) {
      const float* values = map + (place * channels_ + channel) * height_ * width_;
      for (std::size_t y = 0; y < height_; ++y) {
        float* row = cells + (y * scale_ + place / scale_) * scale_ * width_ + place % scale_;
        for (std::size_t x = 0; x < width_; ++x) row[x * scale_] = values[y * width_ + x];
      }
    }
  }

  std::size_t scale_, maps_ = 0, channels_ = 0, height_ = 0, width_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_upsample_bilinear(const std::string& name, const Format& source, int scale) {
  return std::make_unique<UpsampleBilinear>(name, source, scale);
}

}  // namespace rcnn::engine
