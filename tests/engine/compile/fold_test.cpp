// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>

#include "engine/compile/passes.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

CheckpointTensor tensor(Shape shape, std::vector<float> values) {
  return {std::move(shape), std::make_shared<const std::vector<float>>(std::move(values))};
}

Node node(const std::string& name, OpKind kind, std::vector<std::string> inputs, std::string weight = {}) {
  Node result;
  result.name = name;
  result.kind = kind;
  result.inputs = std::move(inputs);
  result.outputs = {name};
  result.weight = std::move(weight);
  return result;
}

Graph conv_and_norm() {
  auto norm = node("c.norm", OpKind::kBatchNorm, {"c"}, "c.norm.weight");
  norm.bias = "c.norm.bias";
  return {"g", {node("c", OpKind::kConv2d, {"x"}, "c.weight"), norm}, {"x"}, {"c.norm"}};
}

Weights two_channels() {
  return {{"c.weight", tensor({2, 1, 1, 1}, {3.f, -2.f})},
          {"c.norm.weight", tensor({2}, {2.f, 0.5f})},
          {"c.norm.bias", tensor({2}, {1.f, -1.f})},
          {"c.norm.running_mean", tensor({2}, {4.f, 0.f})},
          {"c.norm.running_var", tensor({2}, {0.25f, 4.f})}};
}

TEST(FoldBatchNorms, GivesWhatConvolutionAndNormGave) {
  auto graph = conv_and_norm();
  auto weights = two_channels();
  fold_batch_norms(graph, weights);
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.nodes[0].outputs, (std::vector<std::string>{"c.norm"}));
  EXPECT_EQ(graph.nodes[0].bias, "c.bias");
  EXPECT_EQ(weights.size(), 2U);
  for (const float x : {-1.f, 0.f, 2.5f}) {
    const auto& w = *weights.at("c.weight").values;
    const auto& b = *weights.at("c.bias").values;
    EXPECT_NEAR(w[0] * x + b[0], (3 * x - 4) / std::sqrt(0.25 + 1e-5) * 2 + 1, 1e-5);
    EXPECT_NEAR(w[1] * x + b[1], (-2 * x) / std::sqrt(4 + 1e-5) * 0.5 - 1, 1e-6);
  }
}

TEST(FoldBatchNorms, FoldsAnExistingBiasAsWell) {
  auto graph = conv_and_norm();
  auto weights = two_channels();
  graph.nodes[0].bias = "c.bias";
  weights["c.bias"] = tensor({2}, {4.f, 0.f});  // Cancels the mean
  fold_batch_norms(graph, weights);
  EXPECT_EQ(weights.at("c.bias").values->at(0), 1.f);
}

TEST(FoldBatchNorms, RefusesANormWhoseConvolutionIsReadElsewhere) {
  auto graph = conv_and_norm();
  auto weights = two_channels();
  graph.nodes.push_back(node("r", OpKind::kRelu, {"c"}));
  EXPECT_THROW(fold_batch_norms(graph, weights), ModelError);
}

TEST(FoldBatchNorms, RefusesANegativeVarianceByName) {
  auto graph = conv_and_norm();
  auto weights = two_channels();
  weights["c.norm.running_var"] = tensor({2}, {1.f, -1.f});
  try {
    fold_batch_norms(graph, weights);
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_NE(std::string(error.what()).find("c.norm.running_var"), std::string::npos);
  }
}

TEST(PermutePooledColumns, PutsTheChannelFastest) {
  auto fc = node("fc1", OpKind::kLinear, {"pooled"}, "fc1.weight");
  const Graph graph{"g", {fc, node("fc2", OpKind::kLinear, {"fc1"}, "fc2.weight")}, {"pooled"}, {"fc2"}};
  // 2 rows, 3 channels of 4 bins: value = 100 row + 10 channel + bin.
  std::vector<float> values;
  for (int row = 0; row < 2; ++row) {
    for (int c = 0; c < 3; ++c) {
      for (int bin = 0; bin < 4; ++bin) values.push_back(static_cast<float>(100 * row + 10 * c + bin));
    }
  }
  Weights weights{{"fc1.weight", tensor({2, 12}, values)}, {"fc2.weight", tensor({2, 2}, {1, 2, 3, 4})}};
  permute_pooled_columns(graph, weights, 3);
  EXPECT_EQ(*weights.at("fc1.weight").values,
            (std::vector<float>{0,   10,  20,  1,   11,  21,  2,   12,  22,  3,   13,  23,
                                100, 110, 120, 101, 111, 121, 102, 112, 122, 103, 113, 123}));
  EXPECT_EQ(*weights.at("fc2.weight").values, (std::vector<float>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace rcnn::engine
