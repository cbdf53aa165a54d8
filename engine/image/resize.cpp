// SPDX-License-Identifier: MIT
#include "engine/image/resize.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/errors.hpp"
#include "engine/image/axis_filter.hpp"
#include "engine/image/row_kernels.hpp"
#include "engine/image/target_rows.hpp"

namespace rcnn::engine {
namespace {

std::string to_text(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

Size checked(Size size, const char* what) {
  if (size.width > 0 && size.height > 0) return size;
  throw ShapeError(std::string("a resizer was given a ") + what + " of " + to_text(size) +
                   " pixels; both sides must be at least 1");
}

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
  Size target;
  std::optional<AxisFilter> columns;  ///< None where the widths are equal
  AxisFilter rows;

  Plan(Size from, Size to, Interpolation interpolation)
      : source(from), target(to), rows(from.height, to.height, interpolation) {
    if (from.width != to.width) columns.emplace(from.width, to.width, interpolation);
  }

  std::unique_ptr<TargetRows> rows_of(const ImageView& image, int begin) const {
    return make_target_rows(image, {columns ? &*columns : nullptr, rows}, begin);
  }

  void require(const ImageView& image, int begin, int end, int height, std::size_t needed,
               std::size_t found) const {
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
    : plan_(std::make_unique<const Plan>(checked(source, "source"), checked(target, "target"),
                                         interpolation)) {}
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

void Resizer::network_rows(const ImageView& image, const Normalization& normalization, Size padded, int begin,
                           int end, std::span<float> output) const {
  const auto target = plan_->target;
  if (padded.width < target.width || padded.height < target.height) {
    throw ShapeError("a network input of " + to_text(padded) + " cannot hold the resized " + to_text(target) +
                     "; pad to at least that size");
  }
  const auto width = static_cast<std::size_t>(target.width);
  const auto row = static_cast<std::size_t>(padded.width);
  const auto plane = row * static_cast<std::size_t>(padded.height);
  plan_->require(image, begin, end, padded.height, 3 * plane, output.size());
  const int image_end = std::clamp(target.height, begin, end);
  const auto place = [&](std::size_t channel, int y) {
    return output.data() + channel * plane + static_cast<std::size_t>(y) * row;
  };
  if (begin < image_end) {
    const auto rows = plan_->rows_of(image, begin);
    const bool reversed = stores_rgb(image.format) != normalization.rgb;
    for (int y = begin; y < image_end; ++y) {
      const auto* planes = rows->row(y);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto stored = reversed ? 2 - channel : channel;
        normalize_plane(planes + stored * rows->pitch(), width, normalization.mean[channel],
                        normalization.deviation[channel], place(channel, y));
        std::fill(place(channel, y) + width, place(channel, y) + row, 0.F);
      }
    }
  }
  for (std::size_t channel = 0; channel < 3; ++channel) {
    std::fill(place(channel, image_end), place(channel, end), 0.F);
  }
}

}  // namespace rcnn::engine
