// SPDX-License-Identifier: MIT
// torchvision's classifiers on deterministic weights: compiled, run over the cores, compared logit by logit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/compile/artifact.hpp"
#include "launch/image_file.hpp"
#include "pipeline/classifier.hpp"
#include "tests/support/reference_weights.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn {
namespace {

constexpr double kTolerance = 1e-3;  // Of the largest logit

class GoldenClassifier : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenClassifier, GivesTorchvisionsLogits) {
  const auto golden = tests::golden_file("classifiers.json");
  RCNN_SKIP_WITHOUT(golden);
  const std::string arch = GetParam();
  const auto weights = tests::reference_weights(arch);
  if (weights.empty()) GTEST_SKIP() << "the weights of " << arch << " cannot be made here";
  const auto file = tests::built_file("golden/" + arch + ".rcnn");
  engine::CompileOptions options;
  options.input = engine::parse_input_spec("centre-crop:256:224");
  const auto checkpoint = engine::read_checkpoint(weights);
  engine::write_artifact(
      engine::compile_classifier(engine::classifier_config(arch, checkpoint), checkpoint, options), file);

  std::vector<cv::Mat> images;
  std::vector<engine::ImageView> views;
  std::vector<std::vector<double>> expected;
  const auto recorded = nlohmann::json::parse(std::ifstream(golden)).at(arch);
  for (const auto& [name, logits] : recorded.items()) {
    const auto picture = tests::shared_file("data/coco50/" + name);
    RCNN_SKIP_WITHOUT(picture);
    images.push_back(launch::read_image(picture));
    const auto& image = images.back();
    views.push_back({image.data, image.cols, image.rows, static_cast<std::ptrdiff_t>(image.step[0]),
                     engine::PixelFormat::kBgr});
    expected.push_back(logits.get<std::vector<double>>());
  }
  pipeline::SessionOptions session;
  session.model = file;
  const auto ours = pipeline::Classifier::create(session)->logits(views);
  ASSERT_EQ(ours.size(), expected.size());
  ASSERT_GT(ours.size(), 0U);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    double largest = 0, error = 0;
    ASSERT_EQ(ours[i].size(), expected[i].size());
    for (std::size_t c = 0; c < ours[i].size(); ++c) {
      largest = std::max(largest, std::abs(expected[i][c]));
      error = std::max(error, std::abs(static_cast<double>(ours[i][c]) - expected[i][c]));
    }
    EXPECT_LT(error / largest, kTolerance) << "image " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Torchvision, GoldenClassifier, ::testing::Values("resnet50", "efficientnet_b0"));

}  // namespace
}  // namespace rcnn
