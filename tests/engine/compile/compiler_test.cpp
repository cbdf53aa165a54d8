// SPDX-License-Identifier: MIT
#include "engine/compile/compiler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/errors.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;

template <typename E, typename Body>
std::string message_of(Body body) {
  try {
    body();
  } catch (const E& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Compile, LeavesConvolutionsPoolingsUpsamplingsAndLinearLayers) {
  const auto model = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  ASSERT_EQ(model.programs.size(), 2U);
  std::map<OpKind, int> counts;
  for (const auto& program : model.programs) {
    for (const auto& node : program.graph.nodes) ++counts[node.kind];
  }
  // ResNet-18: stem, 16 and 3 shortcuts; FPN: 8; RPN: 3 on each of 5 levels.
  EXPECT_EQ(counts, (std::map<OpKind, int>{{OpKind::kConv2d, 1 + 16 + 3 + 8 + 15},
                                           {OpKind::kMaxPool2d, 2},
                                           {OpKind::kUpsampleAdd, 3},
                                           {OpKind::kLinear, 4}}));
}

TEST(Compile, KeepsExactlyTheWeightsThatProgramsName) {
  const auto model = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  std::set<std::string> named, kept;
  for (const auto& program : model.programs) {
    for (const auto& node : program.graph.nodes) {
      if (!node.weight.empty()) named.insert({node.weight, node.bias});
    }
  }
  for (const auto& [name, tensor] : model.weights) kept.insert(name);
  EXPECT_EQ(named, kept);
}

TEST(Compile, TellsHowFarItIs) {
  int last = -1, total = 0;
  compile(tests::tiny_config(), tests::tiny_checkpoint(), {},
          [&](int done, int all, const std::string& what) {
            EXPECT_EQ(done, last + 1);
            EXPECT_FALSE(what.empty());
            last = done;
            total = all;
          });
  EXPECT_EQ(last, total);
}

TEST(Compile, RefusesOptionsSayingWhatIsAccepted) {
  const auto attempt = [](const CompileOptions& options) {
    return message_of<SettingError>(
        [&] { compile(tests::tiny_config(), tests::tiny_checkpoint(), options); });
  };
  EXPECT_THAT(attempt({.precision = "int4"}), HasSubstr("'int4' is not supported; accepted: f32"));
  EXPECT_THAT(attempt({.batch = 2}), HasSubstr("batch 2 is not supported; accepted: 1"));
  EXPECT_THAT(attempt({.partition = "none"}),
              HasSubstr("accepted: host, backbone, backbone+rpn-head, fused, fused+box-head"));
  EXPECT_THAT(attempt({.input = {.width = 7}}), HasSubstr("stretch:7x800"));
}

TEST(Compile, RefusesIncompleteCheckpoints) {
  EXPECT_THAT(message_of<ModelError>(
                  [] { compile(tests::tiny_config({.masks = true}), tests::tiny_checkpoint(), {}); }),
              HasSubstr("roi_heads.mask_head.deconv.weight: expected [16, 16, 2, 2]"));
  auto checkpoint = tests::tiny_checkpoint();
  checkpoint.tensors.erase("backbone.fpn_lateral3.bias");
  EXPECT_THAT(message_of<ModelError>([&] { compile(tests::tiny_config(), checkpoint, {}); }),
              HasSubstr("backbone.fpn_lateral3.bias"));
}

}  // namespace
}  // namespace rcnn::engine
