// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "engine/errors.hpp"
#include "engine/rcnn/detections.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

class PostprocessTest : public PipelineTest {};

TEST_F(PostprocessTest, FindsAndScalesToTheVideoFrame) {
  load(cores(1));
  const auto made = frame_before(StageId::kPostprocess);
  const auto regions = made->proposals.size();
  const auto rows = [&](std::size_t output) {
    const auto& tensor = made->box_outputs->at(output);
    const auto* data = static_cast<const float*>(tensor.data());
    return std::vector<float>(data, data + regions * static_cast<std::size_t>(tensor.shape().at(1)));
  };
  auto found =
      engine::find_detections(rows(0), rows(1), made->proposals, session_->detection_params(), 160, 128);
  const auto expected = engine::scale_detections(found, 127.f / 160.f, 93.f / 128.f, 127, 93);
  const std::weak_ptr<TensorSet> watched = made->box_outputs;
  run_postprocess(*made, -1);
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(made->detections, expected);
  EXPECT_TRUE(watched.expired());
}

TEST_F(PostprocessTest, AThresholdOfItsOwnReplacesTheModels) {
  load(cores(1));
  const auto all = frame_before(StageId::kPostprocess);
  run_postprocess(*all, 0.f);
  const auto none = frame_before(StageId::kPostprocess);
  run_postprocess(*none, 1.f);
  EXPECT_TRUE(none->detections.empty());
  const auto usual = frame_before(StageId::kPostprocess);
  run_postprocess(*usual, -1);
  EXPECT_GE(all->detections.size(), usual->detections.size());
  for (const auto& detection : usual->detections) EXPECT_GT(detection.score, 0.05f);
}

TEST_F(PostprocessTest, AFrameWithoutLogitsIsRefused) {
  load(cores(1));
  const auto made = frame_before(StageId::kBoxHead);
  made->claim(StageId::kBoxHead);  // As after a box head that failed.
  EXPECT_THAT(refusal_of([&] { run_postprocess(*made, -1); }), HasSubstr("without logits"));
}

}  // namespace
}  // namespace rcnn::pipeline
