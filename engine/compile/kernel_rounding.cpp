// SPDX-License-Identifier: MIT
#include "engine/compile/kernel_rounding.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/tensor/bf16.hpp"

namespace rcnn::engine {
namespace {

constexpr double kMean = 0.2;         ///< m
constexpr double kCorrelation = 0.6;  ///< Of neighbouring cells
constexpr std::size_t kSide = 16;     ///< Output channels that are rounded side by side, as vectors
using Values = std::array<float, kSide>;

struct Sizes {
  explicit Sizes(const Shape& shape)
      : outputs(static_cast<std::size_t>(shape.at(0))),
        channels(static_cast<std::size_t>(shape.at(1))),
        width(shape.size() > 3 ? static_cast<std::size_t>(shape[3]) : 1),
        cells(shape.size() > 2 ? static_cast<std::size_t>(shape[2]) * width : 1) {}
  std::size_t outputs, channels, width, cells;
};

/// How the cells of one input channel take up errors, from the last cell to the first.
struct Channel {
  std::vector<float> from_sum;    ///< [cells] of the sum of all errors in channels before
  std::vector<float> from_cells;  ///< [cells][cells] of a later cell's error beyond what the sum asked for
};

/// What errors cost is blocks of cells on a diagonal, B, and m everywhere. Of the channels still to come the
/// best answer to a sum S of errors costs m S^2 / (1 + m w n), n of them, w = 1^T B^-1 1 (Sherman and
/// Morrison).
std::vector<Channel> channels_of(const Sizes& sizes, double mean) {
  const auto cells = static_cast<Eigen::Index>(sizes.cells), width = static_cast<Eigen::Index>(sizes.width);
  Eigen::MatrixXd block(cells, cells);
  for (Eigen::Index a = 0; a < cells; ++a) {
    for (Eigen::Index b = 0; b < cells; ++b) {
      const auto distance = std::abs(a / width - b / width) + std::abs(a % width - b % width);
      block(a, b) = (1 - mean) * std::pow(kCorrelation, static_cast<double>(distance));
    }
  }
  const Eigen::VectorXd answer = block.llt().solve(Eigen::VectorXd::Ones(cells));
  std::vector<Channel> channels(mean > 0 ? sizes.channels : 1);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const double later = mean / (1 + mean * answer.sum() * static_cast<double>(channels.size() - i - 1));
    const Eigen::MatrixXd upper = (block.array() + later).matrix().llt().matrixU();
    for (Eigen::Index a = 0; a < cells; ++a) {
      channels[i].from_sum.push_back(static_cast<float>(later * answer(a) / (1 + later * answer.sum())));
      for (Eigen::Index b = 0; b < cells; ++b) {
        channels[i].from_cells.push_back(static_cast<float>(upper(a, b) / upper(a, a)));
      }
    }
  }
  return channels;
}

bool passes_on_mean(OpKind kind) { return kind == OpKind::kMaxPool2d || kind == OpKind::kGlobalAvgPool; }

}  // namespace

std::vector<float> round_to_bf16(std::span<const float> weights, const Shape& shape, bool rectified) {
  const Sizes sizes(shape);
  const auto channels = channels_of(sizes, rectified ? kMean : 0);
  std::vector<float> rounded(weights.size());
  std::vector<Values> beyond(sizes.cells);  // Errors of a channel's cells, less what the sum asked for
  for (std::size_t first = 0; first < sizes.outputs; first += kSide) {
    const auto side = std::min(kSide, sizes.outputs - first);
    Values sum{};
    for (std::size_t c = 0; c < sizes.channels; ++c) {
      const auto& channel = channels[channels.size() > 1 ? c : 0];
      Values errors{};  // Of this channel
      for (std::size_t cell = sizes.cells; cell-- > 0;) {
        Values asked, before;
        for (std::size_t i = 0; i < kSide; ++i) asked[i] = before[i] = channel.from_sum[cell] * sum[i];
        for (std::size_t later = cell + 1; later < sizes.cells; ++later) {
          const float share = channel.from_cells[cell * sizes.cells + later];
          for (std::size_t i = 0; i < kSide; ++i) before[i] += share * beyond[later][i];
        }
        for (std::size_t i = 0; i < side; ++i) {
          const auto at = ((first + i) * sizes.channels + c) * sizes.cells + cell;
          rounded[at] = nearest_bf16(weights[at] - before[i]);
          const float error = rounded[at] - weights[at];
          beyond[cell][i] = error + asked[i];
          errors[i] += error;
        }
      }
      for (std::size_t i = 0; i < kSide; ++i) sum[i] += errors[i];
    }
  }
  return rounded;
}

std::set<std::string> rectified_weights(const std::vector<Program>& programs) {
  std::set<std::string> rectified, weights, others;
  for (const auto& program : programs) {
    for (const auto& node : program.graph.nodes) {
      const bool reads = !node.inputs.empty() && rectified.contains(node.inputs[0]);
      if (!node.weight.empty()) (reads ? weights : others).insert(node.weight);
      const bool writes = node.kind == OpKind::kRelu || node.activation == Activation::kRelu;
      if (writes || (reads && passes_on_mean(node.kind))) {
        rectified.insert(node.outputs.begin(), node.outputs.end());
      }
    }
  }
  for (const auto& weight : others) weights.erase(weight);
  return weights;
}

}  // namespace rcnn::engine
