// SPDX-License-Identifier: MIT
// The compiled programs against what Detectron2 itself computed between the stages, on the same weights.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/config.hpp"
#include "engine/rcnn/roi_align.hpp"
#include "engine/runtime/loaded_model.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/support/npz.hpp"
#include "tests/support/reference_weights.hpp"
#include "tests/support/relative_error.hpp"
#include "tests/support/run_executable.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

using tests::relative_error;

struct Recorded {
  const char* family;  ///< Of the model zoo
  const char* arch;
  int side;
};
std::ostream& operator<<(std::ostream& out, const Recorded& recorded) { return out << recorded.arch; }

/// Of relative_error(). PyTorch's own f32 is at 5e-7 from its f64.
constexpr double kTolerance = 1e-5;

class GoldenStages : public ::testing::TestWithParam<Recorded> {
 protected:
  /// Null where something is missing.
  static std::shared_ptr<LoadedModel> make_model(const Recorded& recorded) {
    const auto weights = tests::reference_weights(recorded.arch);
    if (weights.empty()) return nullptr;
    const auto file = std::filesystem::path(tests::built_file("golden")) /
                      (std::string(recorded.arch) + "-" + std::to_string(::getpid()) + ".rcnn");
    const auto config = load_config(std::string(recorded.family) + "/" + recorded.arch);
    const CompileOptions options{.input = {.width = recorded.side, .height = recorded.side}};
    write_artifact(compile(config, read_checkpoint(weights), options), file);
    auto model = LoadedModel::load(file);
    std::filesystem::remove(file);  // The mapping keeps it
    return model;
  }

  void SetUp() override {
    RCNN_SKIP_WITHOUT(golden_);
    static std::map<std::string, std::shared_ptr<LoadedModel>> models;  // Compiled once for all tests
    auto& model = models[GetParam().arch];
    if (!model) model = make_model(GetParam());
    if (!model) GTEST_SKIP() << "the reference weights cannot be made here (python3 with numpy)";
    model_ = model;
  }

  static std::vector<FeatureView> recorded_features(const tests::Npz& golden) {
    std::vector<FeatureView> levels;
    for (const std::string level : {"p2", "p3", "p4", "p5"}) {
      const auto& shape = golden.shape("feature_" + level);
      levels.push_back({golden.f32("feature_" + level).data(), static_cast<int>(shape[1]),
                        static_cast<int>(shape[2]), static_cast<int>(shape[3]), Layout::kRowMajor});
    }
    return levels;
  }

  /// Logits and deltas of the first `regions` against the recorded ones.
  void expect_box_head(const tests::Npz& golden, const std::vector<float>& pooled, std::size_t regions) {
    const auto executable = model_->box_executable(static_cast<int>(regions));
    ASSERT_EQ(executable->inputs()[0].shape, (Shape{static_cast<std::int64_t>(regions), 49, 256}));
    const auto outputs = tests::run_executable(*executable, {pooled});
    ASSERT_EQ(outputs.size(), 2U);
    for (const auto& output : outputs) {
      const auto& name = output.spec().name;
      const auto columns = static_cast<std::size_t>(output.shape()[1]);
      ASSERT_EQ(golden.shape(name)[1], output.shape()[1]);
      const auto expected = golden.f32(name).first(regions * columns);
      EXPECT_LT(relative_error(output.values<float>(), expected), kTolerance) << name;
      // A row's own error, which the mean over a thousand would hide.
      double most = 0;
      for (std::size_t r = 0; r < regions; ++r) {
        most = std::max(most, relative_error(output.values<float>().subspan(r * columns, columns),
                                             expected.subspan(r * columns, columns)));
      }
      EXPECT_LT(most, kTolerance) << name;
    }
  }

  std::string name_ = std::string("stages_") + GetParam().arch + "_" + std::to_string(GetParam().side);
  std::filesystem::path golden_ = tests::golden_file(name_ + ".npz");
  std::shared_ptr<LoadedModel> model_;
};

TEST_P(GoldenStages, BackboneAndRpnAreDetectron2s) {
  const tests::Npz golden(golden_);
  const auto executable = model_->image_executable({GetParam().side, GetParam().side});
  const auto outputs = tests::run_executable(*executable, {golden.f32("input_nchw")});
  ASSERT_EQ(outputs.size(), 15U);
  for (const auto& output : outputs) {
    const auto& name = output.spec().name;
    const auto key = name.starts_with("p") ? "feature_" + name : name;
    ASSERT_EQ(output.shape(), golden.shape(key));
    EXPECT_LT(relative_error(tests::row_major(output), golden.f32(key)), kTolerance) << name;
  }
}

TEST_P(GoldenStages, BoxHeadIsDetectron2s) {
  const tests::Npz golden(golden_);
  const auto pooled = golden.f32("pooled_first_16");
  std::vector<float> bins_first(pooled.size());  // [R, C, 7, 7] -> [R, 49, C], as roi_align writes it
  for (std::size_t r = 0; r < 16; ++r) {
    for (std::size_t c = 0; c < 256; ++c) {
      for (std::size_t b = 0; b < 49; ++b)
        bins_first[(r * 49 + b) * 256 + c] = pooled[(r * 256 + c) * 49 + b];
    }
  }
  expect_box_head(golden, bins_first, 16);
}

// Of all regions but the first 16 what was pooled is not recorded, but what it was pooled from and what
// became of it.
TEST_P(GoldenStages, PoolingAndBoxHeadOfAllRegionsAreDetectron2s) {
  const tests::Npz golden(golden_);
  const auto boxes = tests::to_boxes(golden.f32("proposals_xyxy"));
  std::vector<float> pooled(boxes.size() * 49 * 256);
  roi_align(recorded_features(golden), boxes, pooling_order(boxes, {}), {}, pooled);
  expect_box_head(golden, pooled, 1000);
}

// Two cores, four frames in flight and the weights are to fit into 1,000 MB, so values must take turns in an
// arena.
TEST_P(GoldenStages, ActivationsOfAFullSizeImageShareOneSmallArena) {
  EXPECT_LE(model_->image_executable({800, 800})->scratch_bytes(), 110'000'000U);
}

// From the recorded features to probabilities: pooling and mask head in one.
TEST_P(GoldenStages, MasksAreDetectron2s) {
  const tests::Npz golden(golden_);
  if (!golden.has("mask_probability_first_16")) GTEST_SKIP() << "a model without masks";
  const auto found =
      nlohmann::json::parse(std::ifstream(tests::golden_file(name_ + ".json"))).at("network_frame");
  std::vector<Box> boxes;
  std::vector<float> classes;
  for (std::size_t i = 0; i < 16; ++i) {
    const auto corners = found.at("boxes_xyxy")[i].get<std::vector<float>>();
    boxes.push_back({corners[0], corners[1], corners[2], corners[3]});
    classes.push_back(found.at("classes")[i].get<float>());
  }
  RoiPoolerParams params;
  params.output_size = 14;
  std::vector<float> pooled(16 * 14 * 14 * 256);
  roi_align(recorded_features(golden), boxes, pooling_order(boxes, params), params, pooled);
  const auto outputs = tests::run_executable(*model_->mask_executable(16), {pooled, classes});
  const auto expected = golden.f32("mask_probability_first_16");
  ASSERT_EQ(outputs.at(0).values<float>().size(), expected.size());
  double most = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(outputs[0].values<float>()[i]) - expected[i]));
  }
  EXPECT_LT(most, 2e-3) << "boxes are recorded to a thousandth of a pixel";
}

INSTANTIATE_TEST_SUITE_P(Recorded, GoldenStages,
                         ::testing::Values(Recorded{"COCO-Detection", "faster_rcnn_R_50_FPN_3x", 320},
                                           Recorded{"COCO-InstanceSegmentation", "mask_rcnn_R_50_FPN_3x",
                                                    256}),
                         [](const auto& row) { return row.param.arch; });

}  // namespace
}  // namespace rcnn::engine
