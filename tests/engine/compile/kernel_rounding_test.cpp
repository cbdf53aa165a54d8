// SPDX-License-Identifier: MIT
#include "engine/compile/kernel_rounding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/tensor/bf16.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/tiny_model.hpp"
#include "tests/support/triangle.hpp"

namespace rcnn::engine {
namespace {

using tests::Matrix;

struct Kernel {
  Shape shape;
  bool rectified;
};

/// E[x x'] of any two of a sum's inputs, from its definition.
Matrix moments(const Kernel& kernel) {
  const auto width = kernel.shape.size() > 3 ? kernel.shape[3] : 1;
  const auto cells = kernel.shape.size() > 2 ? kernel.shape[2] * width : 1;
  const auto count = kernel.shape[1] * cells;
  const double mean = kernel.rectified ? 0.2 : 0;
  Matrix all(static_cast<std::size_t>(count), std::vector<double>(static_cast<std::size_t>(count), mean));
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t k = 0; k < count; ++k) {
      if (i / cells != k / cells) continue;
      const auto a = i % cells, b = k % cells;
      const auto distance = std::abs(a / width - b / width) + std::abs(a % width - b % width);
      all[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)] +=
          (1 - mean) * std::pow(0.6, static_cast<double>(distance));
    }
  }
  return all;
}

/// The order in which a sum's weights are rounded: channel by channel, each from its last cell.
std::vector<std::size_t> order_of(const Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape[1]);
  const auto cells = static_cast<std::size_t>(element_count(shape) / shape[0]) / channels;
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t cell = cells; cell-- > 0;) order.push_back(c * cells + cell);
  }
  return order;
}

/// The slow twin: Babai's nearest plane on the whole matrix of a sum.
std::vector<float> twin(const Kernel& kernel, std::span<const float> weights) {
  const auto all = moments(kernel);
  const auto order = order_of(kernel.shape);
  const auto count = all.size();
  Matrix turned(count, std::vector<double>(count));  // The first to be rounded is last
  const auto at = [&](std::size_t i) { return order[count - 1 - i]; };
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < count; ++k) turned[i][k] = all[at(i)][at(k)];
  }
  const auto r = tests::triangle(turned);
  std::vector<float> rounded(weights.size());
  for (std::size_t out = 0; out < weights.size() / count; ++out) {
    std::vector<double> errors(count);
    for (std::size_t i = count; i-- > 0;) {
      const float exact = weights[out * count + at(i)];
      double before = 0;
      for (std::size_t later = i + 1; later < count; ++later) before += r[i][later] / r[i][i] * errors[later];
      const float value = nearest_bf16(static_cast<float>(exact - before));
      errors[i] = double{value} - exact;
      rounded[out * count + at(i)] = value;
    }
  }
  return rounded;
}

/// Root mean square that errors of the weights have in the sums.
double error_of(const Kernel& kernel, std::span<const float> weights, std::span<const float> rounded) {
  const auto all = moments(kernel);
  const auto count = all.size();
  double sum = 0;
  for (std::size_t out = 0; out < weights.size() / count; ++out) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < count; ++k) {
        const auto error = [&](std::size_t at) {
          return double{rounded[out * count + at]} - weights[out * count + at];
        };
        sum += error(i) * all[i][k] * error(k);
      }
    }
  }
  return std::sqrt(sum);
}

int different(std::span<const float> a, std::span<const float> b) {
  int count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i] ? 1 : 0;
  return count;
}

const Kernel kKernels[] = {{{20, 12, 3, 3}, true}, {{20, 12, 3, 3}, false}, {{5, 2, 7, 7}, false},
                           {{33, 40, 1, 1}, true}, {{18, 64}, true},        {{16, 1, 3, 3}, true}};

TEST(KernelRounding, IsItsSlowTwin) {
  for (const auto& kernel : kKernels) {
    const auto weights = tests::random_values(static_cast<std::size_t>(element_count(kernel.shape)), 1);
    const auto found = round_to_bf16(weights, kernel.shape, kernel.rectified);
    const auto expected = twin(kernel, weights);
    // What lies all but halfway between two values may take the other one, and then what follows, too.
    EXPECT_LE(different(found, expected), static_cast<int>(weights.size() / 50)) << to_string(kernel.shape);
    for (const float value : found) ASSERT_EQ(value, nearest_bf16(value));
    EXPECT_EQ(round_to_bf16(found, kernel.shape, kernel.rectified), found) << "what was rounded stays";
  }
}

TEST(KernelRounding, LeavesLessErrorInSumsThanTheNearestValues) {
  for (const auto& kernel : kKernels) {
    const auto weights = tests::random_values(static_cast<std::size_t>(element_count(kernel.shape)), 3);
    auto nearest = weights;
    for (float& value : nearest) value = nearest_bf16(value);
    const auto found = round_to_bf16(weights, kernel.shape, kernel.rectified);
    EXPECT_LT(error_of(kernel, weights, found), 0.96 * error_of(kernel, weights, nearest))
        << to_string(kernel.shape);
  }
}

// Without a mean and without neighbours nothing is known of errors that could cancel.
TEST(KernelRounding, TakesTheNearestWhereInputsHaveNothingInCommon) {
  const Shape shape{7, 30};
  const auto weights = tests::random_values(210, 4);
  auto nearest = weights;
  for (float& value : nearest) value = nearest_bf16(value);
  EXPECT_EQ(round_to_bf16(weights, shape, false), nearest);
}

TEST(KernelRounding, KnowsWhatIsReadBehindAReLU) {
  const auto model = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  const auto found = rectified_weights(model.programs);
  EXPECT_THAT(found, ::testing::IsSupersetOf({"backbone.bottom_up.res2.0.conv2.weight",
                                              "backbone.fpn_lateral5.weight", "roi_heads.box_head.fc2.weight",
                                              "roi_heads.box_predictor.cls_score.weight",
                                              "proposal_generator.rpn_head.objectness_logits.weight"}));
  for (const char* other : {"backbone.bottom_up.stem.conv1.weight", "backbone.fpn_output2.weight",
                            "proposal_generator.rpn_head.conv.weight", "roi_heads.box_head.fc1.weight"}) {
    EXPECT_FALSE(found.contains(other)) << other;
  }
  EXPECT_TRUE(found.contains("backbone.bottom_up.res2.0.conv1.weight")) << "through the stem's pooling";
}

}  // namespace
}  // namespace rcnn::engine
