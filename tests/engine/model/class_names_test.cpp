// SPDX-License-Identifier: MIT
#include "engine/model/class_names.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace rcnn::engine {
namespace {

ModelConfig named(const std::string& dataset, int classes) {
  ModelConfig config;
  config.box_head.num_classes = classes;
  name_classes(dataset, config);
  return config;
}

TEST(ClassNames, AreTheDataSetsWithItsOwnIds) {
  const auto lvis = named("lvis_v1_val", 1203);
  EXPECT_EQ(lvis.class_names.front(), "aerosol_can");
  EXPECT_EQ(lvis.class_names.back(), "zucchini");
  EXPECT_EQ(lvis.category_ids.back(), 1203);
  EXPECT_EQ(named("lvis_v0.5_train", 1230).category_ids.back(), 1230);
  const auto city = named("cityscapes_fine_instance_seg_val", 8);
  EXPECT_EQ(city.class_names[5], "train");
  EXPECT_EQ(city.category_ids[5], 31);
  EXPECT_EQ(named("voc_2007_test", 20).class_names[14], "person");
  EXPECT_EQ(named("keypoints_coco_2017_val", 1).class_names[0], "person");
  EXPECT_EQ(named("coco_2017_val", 80).category_ids[79], 90);
}

TEST(ClassNames, AreNumbersWhereTheDataSetIsUnknownOrHasAnotherCount) {
  for (const auto& [dataset, classes] : {std::pair{"mine", 2}, {"", 3}, {"coco_2017_val", 79}}) {
    const auto config = named(dataset, classes);
    ASSERT_EQ(config.class_names.size(), static_cast<std::size_t>(classes));
    EXPECT_EQ(config.class_names[1], "class 1");
    EXPECT_EQ(config.category_ids[1], 1);
  }
}

TEST(ClassNames, OfEveryModelOfTheZooAreThoseOfItsDataSet) {
  for (const auto& name : zoo_names()) {
    const auto config = load_config(name);
    EXPECT_NE(config.class_names.at(0), "class 0") << name;
    const std::set<int> ids(config.category_ids.begin(), config.category_ids.end());
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(config.box_head.num_classes)) << name;
  }
}

TEST(ModelZoo, HasTheValuesOfLvisAndCityscapes) {
  const auto lvis = load_config("LVISv1-InstanceSegmentation/mask_rcnn_R_101_FPN_1x");
  EXPECT_EQ(lvis.resnet.depth, 101);
  EXPECT_TRUE(lvis.mask_on);
  EXPECT_FLOAT_EQ(lvis.box_head.score_threshold, 1e-4f);
  EXPECT_EQ(lvis.box_head.max_detections, 300);
  const auto city = load_config("Cityscapes/mask_rcnn_R_50_FPN.yaml");
  EXPECT_EQ(city.input.min_size, 1024);
  EXPECT_EQ(city.input.max_size, 2048);
  const auto agnostic = load_config("Misc/mask_rcnn_R_50_FPN_1x_cls_agnostic");
  EXPECT_TRUE(agnostic.box_head.class_agnostic);
  EXPECT_EQ(
      load_config("Detectron1-Comparisons/faster_rcnn_R_50_FPN_noaug_1x").box_head.pooler_sampling_ratio, 2);
}

}  // namespace
}  // namespace rcnn::engine
