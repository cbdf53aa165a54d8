// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/compile/compiler.hpp"
#include "engine/compile/passes.hpp"
#include "engine/errors.hpp"
#include "tests/support/slow_network.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

const tests::TinyModelOptions kMasks{.masks = true};

TEST(Lower, TransposedConvolutionsBecomePlainOnes) {
  const auto model = compile(tests::tiny_config(kMasks), tests::tiny_checkpoint(kMasks), {});
  ASSERT_EQ(model.programs.size(), 3U);
  const auto& nodes = model.programs[2].graph.nodes;
  ASSERT_EQ(nodes.size(), 4U);  // Two convolutions, the transposed one, the predictor
  EXPECT_EQ(nodes[2].kind, OpKind::kConv2d);
  EXPECT_EQ(nodes[2].out_channels, 4 * 16);
  EXPECT_EQ(nodes[2].kernel, 1);
  EXPECT_EQ(nodes[2].activation, Activation::kRelu);
  EXPECT_EQ(nodes[3].stride, 2);
  EXPECT_EQ(model.weights.at("roi_heads.mask_head.deconv.weight").shape, (Shape{64, 16, 1, 1}));
  EXPECT_EQ(model.weights.at("roi_heads.mask_head.deconv.bias").shape, (Shape{64}));
}

TEST(Lower, TheRowOfAPlaceAndChannelHoldsThatPlacesWeights) {
  auto network = build_network(tests::tiny_config(kMasks));
  Weights weights;
  for (const auto& [name, tensor] : tests::tiny_checkpoint(kMasks).tensors) weights[name] = tensor;
  const std::string name = "roi_heads.mask_head.deconv.weight";
  const auto before = weights.at(name);
  lower_transposed_convolutions(network, weights);
  const auto& after = *weights.at(name).values;
  const auto at = [&](std::size_t i, std::size_t o, std::size_t y, std::size_t x) {
    return (*before.values)[((i * 16 + o) * 2 + y) * 2 + x];
  };
  EXPECT_EQ(after[0 * 16 + 5], at(5, 0, 0, 0));
  EXPECT_EQ(after[(16 + 3) * 16 + 7], at(7, 3, 0, 1));
  EXPECT_EQ(after[(32 + 15) * 16 + 2], at(2, 15, 1, 0));
}

TEST(Lower, RefusesATransposedConvolutionThatSomethingElseReads) {
  auto network = build_network(tests::tiny_config(kMasks));
  std::erase_if(network.nodes, [](const Node& node) { return node.kind == OpKind::kMaskPredictor; });
  Weights weights;
  EXPECT_THROW(lower_transposed_convolutions(network, weights), ModelError);
}

}  // namespace
}  // namespace rcnn::engine
