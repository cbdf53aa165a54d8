// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/weight_transform.hpp"

#include <algorithm>
#include <array>

#include "engine/ops/winograd/points.hpp"

namespace rcnn::engine::winograd {
namespace {

using Row = std::array<double, 3>;

/// 1, p, p^2 over the product of the distances to the other finite points.
constexpr Row row_at(double point, double distances) {
  return {1 / distances, point / distances, point * point / distances};
}

constexpr std::array<Row, 4> kF2x2{row_at(0, -1), row_at(1, 2), row_at(-1, 2), Row{0, 0, 1}};

constexpr double kAToOthers = 2 * kA * kA * (kA * kA - kB * kB);
constexpr double kBToOthers = 2 * kB * kB * (kB * kB - kA * kA);
constexpr std::array<Row, 6> kF4x4{row_at(0, kA* kA* kB* kB), row_at(kA, kAToOthers),
                                   row_at(-kA, kAToOthers),   row_at(kB, kBToOthers),
                                   row_at(-kB, kBToOthers),   Row{0, 0, 1}};

template <std::size_t kPatch>
void transform(const std::array<Row, kPatch>& rows, const Problem& problem, const Blocking& blocking,
               std::span<const float> weights, std::span<float> transformed) {
  std::ranges::fill(transformed, 0.F);
  for (std::size_t out = 0; out < problem.out_channels; ++out) {
    const auto panel = out / blocking.panel_width * problem.in_channels * blocking.panel_width;
    for (std::size_t in = 0; in < problem.in_channels; ++in) {
      const float* w = &weights[(out * problem.in_channels + in) * 9];
      float* to = &transformed[panel + in * blocking.panel_width + out % blocking.panel_width];
      for (const auto& g : rows) {
        Row line;
        for (std::size_t x = 0; x < 3; ++x) line[x] = g[0] * w[x] + g[1] * w[3 + x] + g[2] * w[6 + x];
        for (const auto& h : rows) {
          *to = static_cast<float>(h[0] * line[0] + h[1] * line[1] + h[2] * line[2]);
          to += blocking.weight_stride;
        }
      }
    }
  }
}

}  // namespace

void transform_weights(const Problem& problem, const Blocking& blocking, std::span<const float> weights,
                       std::span<float> transformed) {
  if (problem.variant == Variant::kF2x2) return transform(kF2x2, problem, blocking, weights, transformed);
  transform(kF4x4, problem, blocking, weights, transformed);
}

}  // namespace rcnn::engine::winograd
