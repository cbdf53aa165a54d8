// SPDX-License-Identifier: MIT
#include "engine/classify/classifier_input.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

std::string to_text(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

std::size_t index(int value) { return static_cast<std::size_t>(value); }

int middle(int whole, int part) { return static_cast<int>(std::nearbyint((whole - part) / 2.0)); }

}  // namespace

Size shorter_side_size(Size image, int shorter) {
  const auto scaled = [&](int longer, int side) {
    return static_cast<int>(std::int64_t{shorter} * longer / std::max(side, 1));
  };
  if (image.width <= image.height) return {shorter, scaled(image.height, image.width)};
  return {scaled(image.width, image.height), shorter};
}

void classifier_input(const ImageView& image, Size resized, Size crop, Interpolation interpolation,
                      const Normalization& normalization, std::span<float> output) {
  const auto plane = index(crop.width) * index(crop.height);
  if (crop.width > resized.width || crop.height > resized.height || output.size() < 3 * plane) {
    throw ShapeError("a classifier's input of " + to_text(crop) + " cannot be cut from " + to_text(resized) +
                     " pixels into room for " + std::to_string(output.size()) + " values");
  }
  const Resizer resizer({image.width, image.height}, resized, interpolation,
                        {middle(resized.width, crop.width), middle(resized.height, crop.height), crop});
  std::vector<std::uint8_t> pixels(3 * plane);
  resizer.resize_rows(image, 0, crop.height, pixels);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const auto stored = normalization.rgb ? 2 - channel : channel;  // Pixels are B, G, R
    auto* value = output.data() + channel * plane;
    for (auto pixel = stored; pixel < pixels.size(); pixel += 3) {
      *value++ = (static_cast<float>(pixels[pixel]) - normalization.mean[channel]) /
                 normalization.deviation[channel];
    }
  }
}

}  // namespace rcnn::engine
