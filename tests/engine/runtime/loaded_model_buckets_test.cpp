// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/compile/artifact.hpp"
#include "engine/compile/compiler.hpp"
#include "engine/runtime/loaded_model.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

const tests::TinyModelOptions kMasks{.masks = true};

// LVIS's have 300 detections; with a bucket of 64 before, 65 of them would cost as much as all.
TEST(LoadedModelBuckets, HasBucketsUpToManyRegionsAndDetections) {
  auto config = tests::tiny_config(kMasks);
  config.box_head.max_detections = 300;
  config.rpn.post_nms_topk = 2000;
  const auto file = tests::tiny_model().parent_path() / "large-buckets.rcnn";
  write_artifact(compile(config, tests::tiny_checkpoint(kMasks), {.input = tests::TinyModelOptions{}.input}),
                 file);
  const auto model = LoadedModel::load(file);
  for (const auto* buckets : {&model->box_buckets(), &model->detection_buckets()}) {
    EXPECT_LE(buckets->size(), LoadedModel::kMaxShapes) << "else one would push out another";
    for (std::size_t i = 1; i < buckets->size(); ++i) {
      const int bucket = (*buckets)[i];
      EXPECT_LE(bucket, bucket > 64 ? 2 * (*buckets)[i - 1] : 64);
    }
  }
  EXPECT_EQ(model->box_buckets().back(), 2000);
  EXPECT_EQ(model->detection_buckets().back(), 300);
}

// A config may allow more detections than regions and classes can make; buffers are no larger than these.
TEST(LoadedModelBuckets, HasBucketsForDetectionsThatThereCanBe) {
  auto config = tests::tiny_config(kMasks);
  config.box_head.max_detections = 100'000;
  config.rpn.post_nms_topk = 30;
  const auto file = tests::tiny_model().parent_path() / "many-detections.rcnn";
  write_artifact(compile(config, tests::tiny_checkpoint(kMasks), {.input = tests::TinyModelOptions{}.input}),
                 file);
  EXPECT_EQ(LoadedModel::load(file)->detection_buckets().back(), 30 * 3);
}

}  // namespace
}  // namespace rcnn::engine
