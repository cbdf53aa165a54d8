// SPDX-License-Identifier: MIT
#include "engine/rcnn/mask.hpp"

#include <cmath>

namespace rcnn::engine {
namespace {

struct Span {
  int begin;
  int end;
};

/// The first pixel whose centre lies at or beyond `edge`, in [0, limit].
int first_pixel(double edge, int limit) {
  return static_cast<int>(std::clamp(std::ceil(edge - 0.5), 0., static_cast<double>(limit)));
}

}  // namespace

Mask scale_mask(const Mask& mask, const ScaleMap& placement, int width, int height) {
  if (mask.empty()) return {};
  std::vector<std::vector<Span>> columns(static_cast<std::size_t>(mask.width));
  each_span(mask, [&](int x, int begin, int end) {
    columns.at(static_cast<std::size_t>(x)).push_back({begin, end});
  });
  RunWriter writer;
  for (int x = 0; x < width; ++x) {
    const double source = std::floor((x + 0.5 - placement.offset_x) / placement.scale_x);
    int below = 0;  // Rows written
    if (source >= 0 && source < mask.width) {
      for (const auto& span : columns[static_cast<std::size_t>(source)]) {
        const int begin = first_pixel(span.begin * placement.scale_y + placement.offset_y, height);
        const int end = first_pixel(span.end * placement.scale_y + placement.offset_y, height);
        writer.add(static_cast<std::size_t>(begin - below), false);
        writer.add(static_cast<std::size_t>(end - begin), true);
        below = end;
      }
    }
    writer.add(static_cast<std::size_t>(height - below), false);
  }
  return writer.take(width, height);
}

}  // namespace rcnn::engine
