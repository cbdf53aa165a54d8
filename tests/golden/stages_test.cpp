// SPDX-License-Identifier: MIT
// The compiled programs against what Detectron2 itself computed between the stages, on the same weights.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/config.hpp"
#include "engine/runtime/loaded_model.hpp"
#include "tests/support/npz.hpp"
#include "tests/support/reference_weights.hpp"
#include "tests/support/run_executable.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kArch = "faster_rcnn_R_50_FPN_3x";
/// Mean absolute error over the reference's standard deviation. PyTorch's own f32 is at 5e-7 from its f64.
constexpr double kTolerance = 1e-5;

double relative_error(std::span<const float> ours, std::span<const float> reference) {
  double error = 0, sum = 0, squares = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    error += std::abs(static_cast<double>(ours[i]) - reference[i]);
    sum += reference[i];
    squares += static_cast<double>(reference[i]) * reference[i];
  }
  const auto count = static_cast<double>(reference.size());
  return error / count / std::sqrt(squares / count - (sum / count) * (sum / count));
}

class GoldenStages : public ::testing::Test {
 protected:
  /// Compiled once for both tests. Null where something is missing.
  static std::shared_ptr<LoadedModel> make_model() {
    const auto weights = tests::reference_weights(kArch);
    if (weights.empty()) return nullptr;
    const auto file = std::filesystem::path(tests::built_file("golden")) /
                      (std::string(kArch) + "-" + std::to_string(::getpid()) + ".rcnn");
    const auto config = load_config(std::string("COCO-Detection/") + kArch);
    const CompileOptions options{.input = {.width = 320, .height = 320}};
    write_artifact(compile(config, read_checkpoint(weights), options), file);
    auto model = LoadedModel::load(file);
    std::filesystem::remove(file);  // The mapping keeps it
    return model;
  }

  void SetUp() override {
    RCNN_SKIP_WITHOUT(golden_);
    static const auto kModel = make_model();
    if (!kModel) GTEST_SKIP() << "the reference weights cannot be made here (python3 with numpy)";
    model_ = kModel;
  }

  std::filesystem::path golden_ = tests::golden_file("stages_faster_rcnn_R_50_FPN_3x_320.npz");
  std::shared_ptr<LoadedModel> model_;
};

TEST_F(GoldenStages, BackboneAndRpnAreDetectron2s) {
  const tests::Npz golden(golden_);
  const auto executable = model_->image_executable({320, 320});
  const auto outputs = tests::run_executable(*executable, {golden.f32("input_nchw")});
  ASSERT_EQ(outputs.size(), 15U);
  for (const auto& output : outputs) {
    const auto& name = output.spec().name;
    const auto key = name.starts_with("p") ? "feature_" + name : name;
    ASSERT_EQ(output.shape(), golden.shape(key));
    EXPECT_LT(relative_error(tests::row_major(output), golden.f32(key)), kTolerance) << name;
  }
}

TEST_F(GoldenStages, BoxHeadIsDetectron2s) {
  const tests::Npz golden(golden_);
  const auto pooled = golden.f32("pooled_first_16");
  const auto executable = model_->box_executable(16);
  const auto& shape = executable->inputs()[0].shape;
  ASSERT_EQ(shape, (Shape{16, 49, 256}));
  std::vector<float> bins_first(pooled.size());  // [R, C, 7, 7] -> [R, 49, C], as roi_align writes it
  for (std::size_t r = 0; r < 16; ++r) {
    for (std::size_t c = 0; c < 256; ++c) {
      for (std::size_t b = 0; b < 49; ++b)
        bins_first[(r * 49 + b) * 256 + c] = pooled[(r * 256 + c) * 49 + b];
    }
  }
  const auto outputs = tests::run_executable(*executable, {bins_first});
  ASSERT_EQ(outputs.size(), 2U);
  for (const auto& output : outputs) {
    const auto& name = output.spec().name;
    const auto columns = static_cast<std::size_t>(output.shape()[1]);
    ASSERT_EQ(golden.shape(name)[1], output.shape()[1]);
    EXPECT_LT(relative_error(output.values<float>(), golden.f32(name).first(16 * columns)), kTolerance)
        << name;
  }
}

// Two cores, four frames in flight and the weights are to fit into 1,000 MB, so values must take turns in an
// arena.
TEST_F(GoldenStages, ActivationsOfAFullSizeImageShareOneSmallArena) {
  EXPECT_LE(model_->image_executable({800, 800})->scratch_bytes(), 110'000'000U);
}

}  // namespace
}  // namespace rcnn::engine
