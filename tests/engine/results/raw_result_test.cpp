// SPDX-License-Identifier: MIT
#include "engine/results/raw_result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "engine/errors.hpp"
#include "engine/results/formats.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

FrameResult result_with(RawResult raw) {
  FrameResult result;
  result.file = "a.jpg";
  result.image = {640, 480};
  result.objects = {{{0, 0, 600, 400}, 0.1F, 2, 0}};
  result.raw = std::move(raw);
  return result;
}

TEST(RawResult, SaysWhatTheNetworkSaysInItsOwnFrame) {
  const auto result = result_with({{1067, 800}, {1088, 800}, {{0, 0.5F, 1000, 666.625F}}});
  EXPECT_EQ(json(raw_record(result)),
            json::parse(R"({"file": "a.jpg", "image_hw": [480, 640], "network_hw": [800, 1067],
                            "padded_hw": [800, 1088], "boxes_xyxy": [[0, 0.5, 1000, 666.625]], "scores": [0.1],
                            "classes": [2]})"));
}

TEST(RawResult, MasksAreRowsOfCells) {
  RawResult raw{{32, 32}, {32, 32}, {{0, 0, 8, 8}, {1, 1, 9, 9}}, 2, {0, 0.25F, 0.5F, 1, 0.75F, 0, 0, 0}};
  auto result = result_with(std::move(raw));
  result.objects.push_back(result.objects[0]);
  EXPECT_EQ(json(raw_record(result))["mask_probabilities"],
            json::parse("[[[0, 0.25], [0.5, 1]], [[0.75, 0], [0, 0]]]"));
}

TEST(RawResult, HeatmapsAreRowsOfCellsAKeypointEachOfAnObjectEach) {
  RawResult raw{{32, 32}, {32, 32}, {{0, 0, 8, 8}, {1, 1, 9, 9}}};
  raw.heatmap_side = 2;
  for (int i = 0; i < 2 * 3 * 2 * 2; ++i) raw.keypoint_heatmaps.push_back(static_cast<float>(i) - 0.5F);
  auto result = result_with(std::move(raw));
  result.objects.push_back(result.objects[0]);
  EXPECT_EQ(json(raw_record(result))["keypoint_heatmaps"],
            json::parse("[[[[-0.5, 0.5], [1.5, 2.5]], [[3.5, 4.5], [5.5, 6.5]], [[7.5, 8.5], [9.5, 10.5]]],"
                        " [[[11.5, 12.5], [13.5, 14.5]], [[15.5, 16.5], [17.5, 18.5]], [[19.5, 20.5], "
                        "[21.5, 22.5]]]]"));
}

TEST(RawResult, AVideosFramesAreNumbered) {
  auto result = result_with({{32, 32}, {32, 32}, {{0, 0, 1, 1}}});
  EXPECT_FALSE(raw_record(result).contains("frame"));
  result.frame = 7;
  EXPECT_EQ(raw_record(result)["frame"], 7);
  EXPECT_EQ(raw_record(result)["pts_ns"], nullptr);
  result.pts_ns = 40000000;
  EXPECT_EQ(raw_record(result)["pts_ns"], 40000000);
}

TEST(RawResult, WithoutObjectsMasksAndKeypointsOfAModelThatHasThemAreEmptyLists) {
  auto result = result_with({{32, 32}, {32, 32}, {}, 28, {}, std::vector<std::vector<Keypoint>>{}, 56});
  result.objects.clear();
  const json record = raw_record(result);
  EXPECT_EQ(record["mask_probabilities"], json::array());
  EXPECT_EQ(record["keypoints_xys"], json::array());
  EXPECT_EQ(record["keypoint_heatmaps"], json::array());
}

TEST(RawResult, EveryNumberReadsBackAsItIs) {
  for (const float value : {1.F / 3, std::nextafter(800.F, 0.F), 1e-30F, 0.999999940395F}) {
    const auto record = raw_record(
        result_with({{32, 32}, {32, 32}, {{0, 0, 1, 1}}, 1, {value}, {{{{value, -value, value}}}}}));
    const auto again = json::parse(record.dump());
    EXPECT_EQ(again["mask_probabilities"][0][0][0].get<float>(), value);
    EXPECT_EQ(again["keypoints_xys"][0][0][1].get<float>(), -value);
  }
}

TEST(RawResult, TheWriterMakesADocumentOfThem) {
  std::ostringstream out;
  ResultWriter writer("-", parse_result_format("raw"), {}, out);
  writer.add(result_with({{32, 32}, {32, 32}, {{0, 0, 1, 1}}}));
  writer.add(result_with({{32, 32}, {32, 32}, {{0, 0, 1, 1}}}));
  writer.finish();
  EXPECT_EQ(json::parse(out.str()).at("images").size(), 2U);
}

TEST(RawResult, IsRefusedWhereNoneWasKept) {
  FrameResult result;
  EXPECT_THROW(raw_record(result), Error);
}

}  // namespace
}  // namespace rcnn::engine
