// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/model/checkpoint.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

CheckpointTensor tensor(const Shape& shape, std::vector<float> values = {}) {
  if (values.empty()) values.resize(static_cast<std::size_t>(element_count(shape)), 2.F);
  return {shape, std::make_shared<const std::vector<float>>(std::move(values))};
}

const std::vector<ParameterSpec> kNeeded{{"conv.weight", {4, 3, 1, 1}},
                                         {"norm.running_mean", {4}, true, 0.F},
                                         {"norm.running_var", {4}, true, 1.F}};

Checkpoint fitting() { return {"w.pkl", "pkl", {{"conv.weight", tensor({4, 3, 1, 1})}}}; }

std::string refused(const Checkpoint& checkpoint, const ModelConfig& config = {}) {
  return tests::refusal([&] { select_parameters(checkpoint, kNeeded, config); });
}

TEST(SelectParameters, MissingStatisticsAreZeroAndOne) {
  const auto selected = select_parameters(fitting(), kNeeded, ModelConfig{});
  ASSERT_EQ(selected.size(), 3U);
  EXPECT_EQ(*selected.at("norm.running_mean").values, (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(*selected.at("norm.running_var").values, (std::vector<float>{1, 1, 1, 1}));
  EXPECT_EQ(selected.at("norm.running_var").shape, Shape{4});
}

TEST(SelectParameters, SharesRatherThanCopies) {
  const auto checkpoint = fitting();
  EXPECT_EQ(select_parameters(checkpoint, kNeeded, ModelConfig{}).at("conv.weight").values,
            checkpoint.tensors.at("conv.weight").values);
}

TEST(SelectParameters, WhatInferenceNeverReadsIsIgnored) {
  auto checkpoint = fitting();
  for (const auto* name :
       {"norm.num_batches_tracked", "proposal_generator.anchor_generator.cell_anchors.3"}) {
    checkpoint.tensors.emplace(name, tensor({3}));
  }
  EXPECT_EQ(select_parameters(checkpoint, kNeeded, ModelConfig{}).size(), 3U);
  checkpoint.tensors.emplace("anchor_generator.cell_anchors.x", tensor({3}));
  EXPECT_THAT(refused(checkpoint), HasSubstr("cell_anchors.x: found [3]"));
}

TEST(SelectParameters, AMaskHeadThatTheModelLacksIsSurplus) {
  auto checkpoint = fitting();
  checkpoint.tensors.emplace("roi_heads.mask_head.predictor.weight", tensor({80, 256, 1, 1}));
  EXPECT_THAT(refused(checkpoint), HasSubstr("mask_head.predictor.weight: found [80, 256, 1, 1]"));
}

TEST(SelectParameters, PixelStatisticsMustBeTheConfigs) {
  auto checkpoint = fitting();
  checkpoint.tensors.emplace("pixel_mean", tensor({3, 1, 1}, {103.53F, 116.28F, 123.675F}));
  checkpoint.tensors.emplace("pixel_std", tensor({3, 1, 1}, {1, 1, 1}));
  ModelConfig config;
  EXPECT_NO_THROW(select_parameters(checkpoint, kNeeded, config));
  config.input.pixel_std = {57.375F, 57.12F, 58.395F};
  EXPECT_THAT(refused(checkpoint, config),
              AllOf(HasSubstr("pixel_std is [1.0"), HasSubstr("MODEL.PIXEL_STD is [57.375")));
  checkpoint.tensors.insert_or_assign("pixel_std", tensor({1}, {1}));
  EXPECT_THAT(refused(checkpoint), HasSubstr("pixel_std is [1.0"));
}

// Each by as much as it can be: 116.28 lies between 116 and 116.5.
TEST(SelectParameters, PixelStatisticsMayBeRoundedAsBf16Is) {
  auto checkpoint = fitting();
  checkpoint.tensors.emplace("pixel_mean", tensor({3, 1, 1}, {103.5F, 116.5F, 123.5F}));
  EXPECT_NO_THROW(select_parameters(checkpoint, kNeeded, ModelConfig{}));
  checkpoint.tensors.insert_or_assign("pixel_mean", tensor({3, 1, 1}, {103.5F, 117, 123.5F}));
  EXPECT_THAT(refused(checkpoint), HasSubstr("pixel_mean is [103.5"));
}

TEST(SelectParameters, EveryMisfitIsNamedWithBothShapes) {
  Checkpoint checkpoint{
      "w.pkl", "pkl", {{"conv.weight", tensor({3, 4, 1, 1})}, {"extra\n.bias", tensor({7})}}};
  EXPECT_THAT(refused(checkpoint),
              AllOf(HasSubstr("w.pkl"), HasSubstr("conv.weight: expected [4, 3, 1, 1], found [3, 4, 1, 1]"),
                    HasSubstr("extra?.bias: found [7]"), Not(HasSubstr("missing"))));
  EXPECT_THAT(refused({"w.pkl", "pkl", {}}), HasSubstr("missing (1):\n  conv.weight: expected [4, 3, 1, 1]"));
}

TEST(SelectParameters, WeightsThatAreNoNumbersAreRefused) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    auto checkpoint = fitting();
    std::vector<float> values(12, 1.F);
    values[7] = value;
    checkpoint.tensors["conv.weight"] = tensor({4, 3, 1, 1}, std::move(values));
    EXPECT_THAT(refused(checkpoint),
                AllOf(HasSubstr("w.pkl: 'conv.weight' has the value " + std::to_string(value)),
                      HasSubstr("training diverged")));
  }
}

TEST(SelectParameters, LongListsAreCutAtTen) {
  auto checkpoint = fitting();
  for (int index = 10; index < 35; ++index)
    checkpoint.tensors.emplace("extra." + std::to_string(index), tensor({1}));
  EXPECT_THAT(refused(checkpoint), AllOf(HasSubstr("not part of the network (25)"), HasSubstr("extra.19"),
                                         Not(HasSubstr("extra.20")), HasSubstr("and 15 more")));
}

TEST(SelectParameters, AdviceNamesTheLikelyCause) {
  EXPECT_THAT(refused({"R-50.pkl", "pkl", {{"stem.conv1.weight", tensor({64, 3, 7, 7})}}}),
              HasSubstr("backbone"));
  auto checkpoint = fitting();
  checkpoint.tensors.emplace("roi_heads.box_predictor.cls_score.weight", tensor({5, 1024}));
  EXPECT_THAT(refused(checkpoint),
              AllOf(HasSubstr("has 4 classes, the config 80"), HasSubstr("NUM_CLASSES")));
}

}  // namespace
}  // namespace rcnn::engine
