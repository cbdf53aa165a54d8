// SPDX-License-Identifier: MIT
#include "engine/image/resize.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/errors.hpp"
#include "engine/image/axis_filter.hpp"
#include "engine/image/row_kernels.hpp"
#include "engine/image/target_rows.hpp"
#include "engine/tensor/activation_step.hpp"

namespace rcnn::engine {
namespace {

std::string to_text(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

Size checked(Size size, const char* what) {
  if (size.width > 0 && size.height > 0) return size;
  throw ShapeError(std::string("a resizer was given a ") + what + " of " + to_text(size) +
                   " pixels; both sides must be at least 1");
}

const Window& checked(const Window& window, Size target) {
  const auto& [left, top, size] = window;
  checked(size, "window");
  if (left >= 0 && top >= 0 && size.width <= target.width - left && size.height <= target.height - top) {
    return window;
  }
  throw ShapeError("a resizer was given a window of " + to_text(size) + " pixels at (" +
                   std::to_string(left) + ", " + std::to_string(top) + ") of a target of " + to_text(target) +
                   "; it has to lie within");
}

/// The network's input as one call of network_rows() writes it, row by row.
class NetworkInput {
 public:
  NetworkInput(Tensor& tensor, Size image)
      : spec_(tensor.spec()),
        bytes_(static_cast<std::byte*>(tensor.data())),
        width_(static_cast<std::size_t>(image.width)) {
    const auto& shape = spec_.shape;
    const bool known = is_narrow() ? spec_.layout == Layout::kNhwc
                                   : spec_.dtype == DType::kF32 && spec_.layout == Layout::kRowMajor;
    if (!known || shape.size() != 4 || shape[0] != 1 || shape[1] != 3) {
      throw ShapeError("a picture cannot be written as " + to_string(spec_.dtype) + " of " +
                       to_string(shape) + ", " + to_string(spec_.layout) +
                       "; give [1, 3, height, width] in f32 and row-major, or in "
                       "bf16, s8 or u8 and channels last");
    }
    if (shape[3] < image.width || shape[2] < image.height) {
      throw ShapeError("a network input of " + std::to_string(shape[3]) + "x" + std::to_string(shape[2]) +
                       " cannot hold the resized " + to_text(image) + "; pad to at least that size");
    }
    row_ = static_cast<std::size_t>(shape[3]);
    height_ = static_cast<std::size_t>(shape[2]);
    if (is_narrow()) line_.assign(3 * row_, 0.F);
  }

  int height() const { return static_cast<int>(height_); }

  /// Where the image's width of a row of a channel is to be written.
  float* plane(std::size_t channel, int y) {
    if (is_narrow()) return line_.data() + channel * row_;
    return reinterpret_cast<float*>(bytes_) + (channel * height_ + static_cast<std::size_t>(y)) * row_;
  }

  /// To be called when a row's planes are.
  void finish(int y) {
    if (!is_narrow()) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        std::fill(plane(channel, y) + width_, plane(channel, y) + row_, 0.F);
      }
      return;
    }
    const std::array<const float*, 3> planes{line_.data(), line_.data() + row_, line_.data() + 2 * row_};
    auto* place = pixels(y);
    if (spec_.dtype == DType::kBf16) {
      join_bf16(planes, row_, reinterpret_cast<std::uint16_t*>(place));
    } else {
      const ActivationStep step{spec_.step, spec_.dtype == DType::kS8};
      join_8_bits(planes, row_, 1 / step.step, step.least(), step.most(),
                  reinterpret_cast<std::uint8_t*>(place));
    }
  }

  /// Zeros for whole rows.
  void clear(int begin, int end) {
    if (is_narrow()) {
      std::fill(pixels(begin), pixels(end), std::byte{0});
      return;
    }
    for (std::size_t channel = 0; channel < 3; ++channel) {
      std::fill(plane(channel, begin), plane(channel, end), 0.F);
    }
  }

 private:
  bool is_narrow() const {
    return spec_.dtype == DType::kBf16 || spec_.dtype == DType::kS8 || spec_.dtype == DType::kU8;
  }
  std::byte* pixels(int y) const {
    return bytes_ + static_cast<std::size_t>(y) * row_ * 3 * size_of(spec_.dtype);
  }

  const TensorSpec& spec_;
  std::byte* bytes_;
  std::size_t width_;  ///< Of the image
  std::size_t row_ = 0;
  std::size_t height_ = 0;
  std::vector<float> line_;  ///< Where the tensor holds no planes: those of one row
};

bool stores_rgb(PixelFormat format) { return format == PixelFormat::kRgb || format == PixelFormat::kRgbx; }

}  // namespace

Size shortest_edge_size(Size image, int shortest, int longest) {
  checked(image, "picture");
  const double width = image.width;
  const double height = image.height;
  const double scale = shortest / std::min(width, height);
  double new_width = width <= height ? shortest : scale * width;
  double new_height = height < width ? shortest : scale * height;
  if (std::max(new_width, new_height) > longest) {
    const double shrink = longest / std::max(new_width, new_height);
    new_width *= shrink;
    new_height *= shrink;
  }
  // A needle of a picture would round to no pixels at all.
  return {std::max(1, static_cast<int>(new_width + 0.5)), std::max(1, static_cast<int>(new_height + 0.5))};
}

Size padded_size(Size size, int divisor) {
  if (divisor < 1) {
    throw ShapeError("padding to a multiple of " + std::to_string(divisor) +
                     "; the divisor must be at least 1");
  }
  const auto up = [divisor](int side) { return (side + divisor - 1) / divisor * divisor; };
  return {up(size.width), up(size.height)};
}

struct Resizer::Plan {
  Size source;
  Size whole;                         ///< What the source becomes
  Size target;                        ///< What is made of that
  std::optional<AxisFilter> columns;  ///< None where the width stays
  AxisFilter rows;

  Plan(Size from, Size to, Interpolation interpolation, const Window& window)
      : source(from),
        whole(to),
        target(window.size),
        rows(from.height, to.height, interpolation, window.top, window.top + target.height) {
    if (from.width == to.width && target.width == to.width) return;
    columns.emplace(from.width, to.width, interpolation, window.left, window.left + target.width);
  }

  std::unique_ptr<TargetRows> rows_of(const ImageView& image, int begin) const {
    return make_target_rows(image, {columns ? &*columns : nullptr, rows, whole}, begin);
  }

  void require(const ImageView& image, int begin, int end, int height, std::size_t needed = 0,
               std::size_t found = 0) const {
    if (image.data == nullptr || image.width != source.width || image.height != source.height) {
      throw ShapeError("a resizer of " + to_text(source) + " pictures was given one of " +
                       to_text({image.width, image.height}) + "; make a resizer for each size");
    }
    if (begin < 0 || begin > end || end > height || found < needed) {
      throw ShapeError("rows [" + std::to_string(begin) + ", " + std::to_string(end) + ") of " +
                       std::to_string(height) + " were asked for with room for " + std::to_string(found) +
                       " values; " + std::to_string(needed) + " are needed for the whole image");
    }
  }
};

Resizer::Resizer(Size source, Size target, Interpolation interpolation)
    : Resizer(source, checked(target, "target"), interpolation, {0, 0, target}) {}
Resizer::Resizer(Size source, Size target, Interpolation interpolation, const Window& window)
    : plan_(std::make_unique<const Plan>(checked(source, "source"), checked(target, "target"), interpolation,
                                         checked(window, target))) {}
Resizer::~Resizer() = default;
Resizer::Resizer(Resizer&&) noexcept = default;
Resizer& Resizer::operator=(Resizer&&) noexcept = default;

Size Resizer::source() const { return plan_->source; }
Size Resizer::target() const { return plan_->target; }

void Resizer::resize_rows(const ImageView& image, int begin, int end, std::span<std::uint8_t> output) const {
  const auto width = static_cast<std::size_t>(plan_->target.width);
  const auto height = plan_->target.height;
  plan_->require(image, begin, end, height, 3 * width * static_cast<std::size_t>(height), output.size());
  if (begin == end) return;
  const auto rows = plan_->rows_of(image, begin);
  const std::size_t blue = stores_rgb(image.format) ? 2 : 0;
  for (int y = begin; y < end; ++y) {
    const auto* planes = rows->row(y);
    join_channels(
        {planes + blue * rows->pitch(), planes + rows->pitch(), planes + (2 - blue) * rows->pitch()}, width,
        output.data() + static_cast<std::size_t>(y) * 3 * width);
  }
}

void Resizer::network_rows(const ImageView& image, const Normalization& normalization, int begin, int end,
                           Tensor& output) const {
  const auto target = plan_->target;
  NetworkInput input(output, target);
  plan_->require(image, begin, end, input.height());
  const int image_end = std::clamp(target.height, begin, end);
  if (begin < image_end) {
    const auto width = static_cast<std::size_t>(target.width);
    const auto rows = plan_->rows_of(image, begin);
    const bool reversed = stores_rgb(image.format) != normalization.rgb;
    for (int y = begin; y < image_end; ++y) {
      const auto* planes = rows->row(y);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto stored = reversed ? 2 - channel : channel;
        normalize_plane(planes + stored * rows->pitch(), width, normalization.mean[channel],
                        normalization.deviation[channel], input.plane(channel, y));
      }
      input.finish(y);
    }
  }
  input.clear(image_end, end);
}

}  // namespace rcnn::engine
