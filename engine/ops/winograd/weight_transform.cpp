// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/weight_transform.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <type_traits>

#include "engine/ops/winograd/joint_rounding.hpp"
#include "engine/ops/winograd/points.hpp"
#include "engine/tensor/bf16.hpp"

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

constexpr auto kTakenUp2x2 = taken_up<4>({0, 1, -1});
constexpr auto kTakenUp4x4 = taken_up<6>({0, kA, -kA, kB, -kB});

constexpr std::size_t kCells = 9;
/// Kernels that are transformed side by side, so that the compiler makes vectors of them: what lies together
/// in the result.
constexpr std::size_t kSide = 32;
using Values = std::array<double, kSide>;
using Rounded = std::array<float, kSide>;

/// G w G^T.
template <std::size_t kPatch>
void transform(const std::array<Row, kPatch>& rows, const std::array<Values, kCells>& w,
               std::array<Rounded, kPatch * kPatch>& result) {
  for (std::size_t y = 0; y < kPatch; ++y) {
    const auto& g = rows[y];
    std::array<Values, 3> line;
    for (std::size_t x = 0; x < 3; ++x) {
      for (std::size_t i = 0; i < kSide; ++i) {
        line[x][i] = g[0] * w[x][i] + g[1] * w[3 + x][i] + g[2] * w[6 + x][i];
      }
    }
    for (std::size_t x = 0; x < kPatch; ++x) {
      const auto& h = rows[x];
      auto& point = result[y * kPatch + x];
      for (std::size_t i = 0; i < kSide; ++i) {
        point[i] = static_cast<float>(h[0] * line[0][i] + h[1] * line[1][i] + h[2] * line[2][i]);
      }
    }
  }
}

/// Which kernel is the i-th of those side by side; zeros stand for those there are not.
struct Kernel {
  std::size_t out;
  std::size_t in;
};

/// \param kernel_of(i)     the kernel
/// \param round            to bf16
/// \param write(point, i, value)
template <class KernelOf, class Write>
void transform_some(const Bf16Problem& shape, std::span<const float> weights, const KernelOf& kernel_of,
                    bool round, const Write& write) {
  std::array<Values, kCells> w{};
  for (std::size_t i = 0; i < kSide; ++i) {
    const Kernel kernel = kernel_of(i);
    if (kernel.out >= shape.out_channels || kernel.in >= shape.in_channels) continue;
    const float* from = &weights[(kernel.out * shape.in_channels + kernel.in) * kCells];
    for (std::size_t cell = 0; cell < kCells; ++cell) w[cell][i] = from[cell];
  }
  const auto go = [&](const auto& rows, const auto& taken_up) {
    constexpr std::size_t kPoints = std::tuple_size_v<std::remove_cvref_t<decltype(rows)>> *
                                    std::tuple_size_v<std::remove_cvref_t<decltype(rows)>>;
    std::array<Rounded, kPoints> result;
    transform(rows, w, result);
    if (round) round_jointly(taken_up, result);
    for (std::size_t point = 0; point < kPoints; ++point) {
      for (std::size_t i = 0; i < kSide; ++i) write(point, i, result[point][i]);
    }
  };
  if (shape.variant == Variant::kF2x2) return go(kF2x2, kTakenUp2x2);
  go(kF4x4, kTakenUp4x4);
}

}  // namespace

void transform_weights(const Problem& problem, const Blocking& blocking, std::span<const float> weights,
                       std::span<float> transformed) {
  Bf16Problem shape;
  shape.variant = problem.variant;
  shape.in_channels = problem.in_channels;
  shape.out_channels = problem.out_channels;
  for (std::size_t panel = 0; panel < blocking.panels; ++panel) {
    for (std::size_t in = 0; in < problem.in_channels; ++in) {
      for (std::size_t part = 0; part < blocking.panel_width; part += kSide) {
        const auto out = panel * blocking.panel_width + part;
        const auto width = std::min(kSide, blocking.panel_width - part);
        float* to = &transformed[(panel * problem.in_channels + in) * blocking.panel_width + part];
        transform_some(
            shape, weights,
            [&](std::size_t i) {
              return i < width ? Kernel{out + i, in} : Kernel{~0UL, in};
            },
            problem.round,
            [&](std::size_t point, std::size_t i, float value) {
              if (i < width) to[point * blocking.weight_stride + i] = value;
            });
      }
    }
  }
}

void transform_weights_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking,
                            std::span<const float> weights, std::span<std::uint16_t> transformed) {
  constexpr auto kRow = 2 * Bf16Blocking::kPanelWidth;  // 64 output channels of two input channels
  const auto point_stride = blocking.channels * Bf16Blocking::kPanelWidth;
  for (std::size_t panel = 0; panel < blocking.panels; ++panel) {
    for (std::size_t in = 0; in < blocking.channels; in += 2) {
      for (std::size_t part = 0; part < kRow; part += kSide) {
        const auto out = panel * Bf16Blocking::kPanelWidth + part / 2;
        auto* to = &transformed[panel * blocking.panel_weights + in * Bf16Blocking::kPanelWidth + part];
        transform_some(
            problem, weights,
            [&](std::size_t i) {
              return Kernel{out + i / 2, in + i % 2};
            },
            true,
            [&](std::size_t point, std::size_t i, float value) {
              to[point * point_stride + i] = to_bf16(value);
            });
      }
    }
  }
}

}  // namespace rcnn::engine::winograd
