// SPDX-License-Identifier: MIT
#include "pipeline/classifier.hpp"

#include <gmock/gmock.h>

#include <array>

#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::pipeline {
namespace {

class ClassifierTest : public PipelineTest {
 protected:
  std::unique_ptr<Classifier> classifier(engine::CorePool& pool) {
    SessionOptions options;
    options.model = tests::tiny_classifier();
    return Classifier::create(options, pool);
  }
};

/// Pictures of different sizes, the same every time.
std::vector<std::vector<std::uint8_t>> pictures(std::size_t count) {
  std::vector<std::vector<std::uint8_t>> all(count);
  for (std::size_t n = 0; n < count; ++n) {
    all[n].resize(3 * (80 + n) * 70);
    for (std::size_t i = 0; i < all[n].size(); ++i)
      all[n][i] = static_cast<std::uint8_t>(i * (2 * n + 3) / 5);
  }
  return all;
}

std::vector<engine::ImageView> views(const std::vector<std::vector<std::uint8_t>>& pictures) {
  std::vector<engine::ImageView> all;
  for (std::size_t n = 0; n < pictures.size(); ++n) {
    const auto width = static_cast<int>(80 + n);
    all.push_back({pictures[n].data(), width, 70, 3 * width, engine::PixelFormat::kBgr});
  }
  return all;
}

TEST_F(ClassifierTest, BatchesAreSplitOverTheCoresAndGatheredInOrder) {
  engine::CorePool one(cores(1)), three(cores(3));
  const auto alone = classifier(one), together = classifier(three);
  const auto images = pictures(7);  // Parts of 3, 3 and 1
  const auto batch = views(images);
  const auto gathered = together->logits(batch);
  ASSERT_EQ(gathered.size(), 7U);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto expected = alone->logits(std::span(&batch[i], 1));
    EXPECT_THAT(gathered[i], ::testing::Pointwise(::testing::FloatNear(1e-4f), expected.at(0))) << i;
  }
  EXPECT_NE(gathered[0], gathered[1]);
  for (const auto& core : three.status()) {
    EXPECT_EQ(core.total.executions, 1U) << core.id;
    EXPECT_THAT(core.programs.at(0).first, ::testing::StartsWith("resnet18 f32:"));
  }
}

// What the artifact says of the resize is what is done: a picture that was resized so beforehand gives the
// same.
TEST_F(ClassifierTest, ResizesByTheArtifactsFilter) {
  const auto checkpoint = tests::random_classifier("resnet18", 3);
  const engine::CompileOptions compiled{.input = engine::parse_input_spec("stretch:64x64:bicubic")};
  const auto file = tests::built_file("pipeline/bicubic.rcnn");
  engine::write_artifact(
      engine::compile_classifier(engine::classifier_config("resnet18", checkpoint), checkpoint, compiled),
      file);
  engine::CorePool pool(cores(1));
  SessionOptions options;
  options.model = file;
  const auto classifier = Classifier::create(options, pool);

  const auto images = pictures(1);
  const auto image = views(images).at(0);
  std::vector<std::uint8_t> bicubic(3 * 64 * 64), bilinear(bicubic.size());
  const auto square = [](const auto& pixels) {
    return engine::ImageView{pixels.data(), 64, 64, 3 * 64, engine::PixelFormat::kBgr};
  };
  engine::Resizer({image.width, image.height}, {64, 64}, engine::Interpolation::kBicubic)
      .resize_rows(image, 0, 64, bicubic);
  engine::Resizer({image.width, image.height}, {64, 64}).resize_rows(image, 0, 64, bilinear);
  const auto logits = classifier->logits(std::array{image, square(bicubic), square(bilinear)});
  EXPECT_EQ(logits[0], logits[1]);
  EXPECT_NE(logits[0], logits[2]);
}

TEST_F(ClassifierTest, NoImagesGiveNoLogits) {
  engine::CorePool pool(cores(2));
  EXPECT_TRUE(classifier(pool)->logits({}).empty());
}

TEST_F(ClassifierTest, RefusesDetectors) {
  engine::CorePool pool(cores(1));
  SessionOptions options;
  options.model = tests::tiny_model();
  EXPECT_THROW(Classifier::create(options, pool), engine::ModelError);
}

TEST_F(ClassifierTest, AFailedExecutionIsThrown) {
  auto settings = cores(1);
  settings.faults = {{0, "fail", 1}};
  engine::CorePool pool(settings);
  const auto images = pictures(1);
  EXPECT_THROW(classifier(pool)->logits(views(images)), engine::DeviceError);
}

TEST_F(ClassifierTest, WarmsUpOnTheOtherCoreWhereOneNeverDoesWell) {
  engine::CorePool pool(cores(2, {{0, "fail", 1}}));
  EXPECT_GT(classifier(pool)->warm_up().count(), 0);
  EXPECT_GT(pool.status()[0].total.failures, 0U);
  EXPECT_EQ(pool.status()[1].total.executions, 1U);
}

}  // namespace
}  // namespace rcnn::pipeline
