// SPDX-License-Identifier: MIT
// The network's own outputs as `neuron-rcnn detect --format raw` writes them.
#include "launch/raw_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/rcnn/coco_rle.hpp"
#include "engine/rcnn/detections.hpp"
#include "engine/rcnn/keypoints.hpp"
#include "engine/rcnn/mask_paste.hpp"
#include "tests/launch/detect_fixture.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using RawResults = DetectTest;

json detect_one(const tests::TinyModelOptions& model, const fs::path& image, const std::string& format) {
  const auto outcome = run_neuron_rcnn("detect -m " + tests::tiny_model(model).string() + " " +
                                       image.string() + " --deterministic --format " + format);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return json::parse(outcome.out).at("images").at(0);
}

engine::Box box_of(const json& corners) { return {corners[0], corners[1], corners[2], corners[3]}; }

TEST_F(RawResults, MasksPastedIntoTheImageAreTheMasks) {
  const tests::TinyModelOptions model{.input = engine::parse_input_spec("shortest-edge:128:256"),
                                      .masks = true};
  const auto raw = detect_one(model, images_ / "b.jpg", "raw");
  const auto fitted = detect_one(model, images_ / "b.jpg", "detectron2");
  EXPECT_EQ(raw.at("image_hw"), (json{150, 200}));
  EXPECT_EQ(raw.at("network_hw"), (json{128, 171}));
  EXPECT_EQ(raw.at("padded_hw"), (json{128, 192}));
  EXPECT_EQ(raw.at("classes"), fitted.at("classes"));
  std::vector<engine::Detection> objects;
  for (const auto& box : raw.at("boxes_xyxy")) objects.push_back({box_of(box), 0, 0, 0});
  ASSERT_FALSE(objects.empty());
  const auto in_image = engine::scale_detections(objects, 200.F / 171.F, 150.F / 128.F, 200, 150);
  ASSERT_EQ(in_image.size(), fitted.at("masks_rle").size());
  for (std::size_t i = 0; i < in_image.size(); ++i) {
    EXPECT_NEAR(in_image[i].box.x1, fitted.at("boxes_xyxy")[i][2].get<float>(), 6e-4) << "three decimals";
    std::vector<float> cells;
    for (const auto& row : raw.at("mask_probabilities")[i]) cells.insert(cells.end(), row.begin(), row.end());
    ASSERT_EQ(cells.size(), 12U * 12);
    EXPECT_EQ(engine::coco_rle(engine::paste_mask(cells, 12, in_image[i].box, 200, 150)),
              fitted.at("masks_rle")[i].at("counts").get<std::string>());
  }
}

TEST_F(RawResults, KeypointsAreInTheNetworksFrame) {
  const auto raw = detect_one({.keypoints = true}, images_ / "b.jpg", "raw");
  const auto fitted = detect_one({.keypoints = true}, images_ / "b.jpg", "detectron2");
  EXPECT_FALSE(raw.contains("mask_probabilities"));
  ASSERT_FALSE(raw.at("keypoints_xys").empty());
  ASSERT_EQ(raw.at("keypoints_xys").size(), fitted.at("keypoints_xys").size());
  for (std::size_t i = 0; i < raw.at("keypoints_xys").size(); ++i) {
    for (std::size_t k = 0; k < 17; ++k) {
      const auto& point = raw.at("keypoints_xys")[i][k];
      const auto& expected = fitted.at("keypoints_xys")[i][k];
      EXPECT_NEAR(point[0].get<double>() * 200 / 160, expected[0].get<double>(), 1e-3);
      EXPECT_NEAR(point[1].get<double>() * 150 / 128, expected[1].get<double>(), 1e-3);
      EXPECT_NEAR(point[2].get<double>(), expected[2].get<double>(), 1e-3);
    }
  }
}

// Detectron2's reading of a heatmap, done on the raw one, finds the raw keypoint.
TEST_F(RawResults, HeatmapsHaveTheKeypointsInThem) {
  const auto raw = detect_one({.keypoints = true}, images_ / "b.jpg", "raw");
  const auto& heatmaps = raw.at("keypoint_heatmaps");
  ASSERT_FALSE(heatmaps.empty());
  ASSERT_EQ(heatmaps.size(), raw.at("boxes_xyxy").size());
  for (std::size_t i = 0; i < heatmaps.size(); ++i) {
    std::vector<float> values;
    for (const auto& keypoint : heatmaps[i]) {
      for (const auto& row : keypoint) values.insert(values.end(), row.begin(), row.end());
    }
    ASSERT_EQ(values.size(), 17U * 24 * 24);
    const auto found = engine::find_keypoints(values, 17, 24, box_of(raw.at("boxes_xyxy")[i]));
    for (std::size_t k = 0; k < 17; ++k) {
      const auto& point = raw.at("keypoints_xys")[i][k];
      EXPECT_EQ(found[k].x, point[0].get<float>());
      EXPECT_EQ(found[k].y, point[1].get<float>());
      EXPECT_EQ(found[k].score, point[2].get<float>());
    }
  }
}

// The video is not compressed, so its frames are those images.
TEST_F(RawResults, OutputsOfAVideoAreThoseOfItsFramesAsImages) {
  const auto frames = images_ / "frames";
  fs::create_directories(frames);
  const auto clip = (out_ / "clip.avi").string();
  const auto make = run_shell(
      "gst-launch-1.0 -q videotestsrc num-buffers=12 pattern=ball "
      "! video/x-raw,format=BGR,width=160,height=120,framerate=25/1 ! tee name=t "
      "! queue ! avimux ! filesink location=" +
      clip +
      " t. ! queue ! videoconvert ! pngenc ! multifilesink location=" + (frames / "%02d.png").string());
  ASSERT_EQ(make.code, 0) << make.err;
  for (const tests::TinyModelOptions& options :
       {tests::TinyModelOptions{.keypoints = true}, tests::TinyModelOptions{.masks = true}}) {
    const auto command =
        "detect -m " + tests::tiny_model(options).string() + " --deterministic --format raw ";
    const auto video = run_neuron_rcnn(command + clip), stills = run_neuron_rcnn(command + frames.string());
    ASSERT_EQ(video.code, 0) << video.err;
    const auto of_video = json::parse(video.out).at("images"),
               of_stills = json::parse(stills.out).at("images");
    ASSERT_EQ(of_video.size(), 12U);
    for (std::size_t i = 0; i < of_video.size(); ++i) {
      EXPECT_EQ(of_video[i].at("frame"), i);
      EXPECT_EQ(of_video[i].at("pts_ns"), i * 40000000);
      ASSERT_FALSE(of_video[i].at("boxes_xyxy").empty());
      auto rest = of_video[i];
      for (const char* key : {"frame", "pts_ns"}) rest.erase(key);
      rest["file"] = of_stills[i].at("file");
      EXPECT_TRUE(rest == of_stills[i]) << i;
    }
  }
}

}  // namespace
}  // namespace rcnn::launch
