// SPDX-License-Identifier: MIT
#include "engine/rcnn/coco_rle.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/support/coco_masks.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

TEST(CocoRle, WritesKnownMasks) {
  EXPECT_EQ(coco_rle({3, 2, {2, 2, 2}}), "222");          // pycocotools.mask.encode of these pixels
  EXPECT_EQ(coco_rle({2, 2, {0, 4}}), "04");              //
  EXPECT_EQ(coco_rle({4, 3, {4, 1, 4, 2, 1}}), "4141M");  // Differences, one of them negative
  EXPECT_EQ(coco_rle({10, 10, {100}}), "T3");             //
  EXPECT_EQ(coco_rle({480, 640, {307200}}), "PP\\9");     //
}

// Every mask that Detectron2 found there, as pycocotools wrote it.
TEST(CocoRle, EqualsWhatPycocotoolsRecorded) {
  const auto file = tests::golden_file("detections_mask_rcnn_R_50_FPN_3x_stretch.json");
  RCNN_SKIP_WITHOUT(file);
  int masks = 0;
  const auto golden = nlohmann::json::parse(std::ifstream(file));
  for (const auto& image : golden.at("images")) {
    for (const auto& recorded : image.at("image_frame").at("masks_rle")) {
      const auto mask = tests::read_mask(recorded);
      ASSERT_EQ(std::accumulate(mask.counts.begin(), mask.counts.end(), 0U),
                static_cast<unsigned>(mask.width * mask.height));
      EXPECT_EQ(coco_rle(mask), recorded.at("counts").get<std::string>());
      ++masks;
    }
  }
  EXPECT_EQ(masks, 400);
}

}  // namespace
}  // namespace rcnn::engine
