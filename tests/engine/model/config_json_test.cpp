// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/model/config.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;

TEST(ConfigJson, SurvivesTheRoundTripThroughText) {
  for (const auto& name : zoo_names()) {
    auto config = load_config(name);
    config.mask_on = true;
    config.mask_head.conv_dim = 128;
    config.keypoint_on = true;
    config.keypoint_head.conv_dims = {256, 128};
    config.box_head.delta_weights = {0.1F, 1e-7F, 3, 4};
    config.labelled = true;
    const auto text = nlohmann::json(config).dump();
    EXPECT_EQ(nlohmann::json::parse(text).get<ModelConfig>(), config) << name;
  }
}

TEST(ConfigJson, DamageIsAModelError) {
  const nlohmann::json sound = load_config("COCO-Detection/faster_rcnn_R_50_FPN_3x");
  const auto refused = [](const nlohmann::json& json) {
    return tests::refusal([&] { json.get<ModelConfig>(); });
  };
  auto damaged = sound;
  damaged.erase("rpn");
  EXPECT_THAT(refused(damaged), HasSubstr("rpn"));
  damaged = sound;
  damaged["resnet"]["depth"] = "fifty";
  EXPECT_THAT(refused(damaged), HasSubstr("damaged"));
  damaged = sound;
  damaged["mask_on"] = true;
  EXPECT_THAT(refused(damaged), HasSubstr("mask_head"));
  damaged = sound;
  damaged["class_names"].erase(0);
  EXPECT_THAT(refused(damaged), HasSubstr("79 names"));
  damaged = sound;
  damaged["rpn"]["post_nms_topk"] = 1 << 24;
  EXPECT_THAT(refused(damaged), HasSubstr("proposals are 16777216; accepted: 1 to 100000"));
  damaged = sound;
  damaged["fpn"]["out_channels"] = 0;
  EXPECT_THAT(refused(damaged), HasSubstr("FPN's channels are 0"));
  EXPECT_THAT(refused(nlohmann::json()), HasSubstr("damaged"));
}

}  // namespace
}  // namespace rcnn::engine
