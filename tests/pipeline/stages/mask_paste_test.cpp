// SPDX-License-Identifier: MIT
#include "engine/rcnn/mask_paste.hpp"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

class MaskPasteTest : public PipelineTest {};

TEST_F(MaskPasteTest, PutsEachMaskIntoTheVideoFrame) {
  load(cores(1), {.masks = true});
  const auto made = frame_before(StageId::kPostprocess);
  run_postprocess(*made, -1);
  EXPECT_EQ(made->backbone, nullptr) << "nothing reads features after this";
  run_on_core(start_mask_head, made);
  ASSERT_NE(made->mask_outputs, nullptr);
  const auto all = std::as_const(*made->mask_outputs).at(0).values<float>();
  const std::vector<float> probabilities(all.begin(), all.end());
  const std::weak_ptr<TensorSet> watched = made->mask_outputs;
  run_mask_paste(*made);
  EXPECT_TRUE(watched.expired());
  ASSERT_FALSE(made->detections.empty());
  for (std::size_t i = 0; i < made->detections.size(); ++i) {
    const auto& detection = made->detections[i];
    EXPECT_EQ(detection.mask,
              engine::paste_mask(std::span(probabilities).subspan(i * 144, 144), 12, detection.box, 127, 93))
        << i;
  }
}

}  // namespace
}  // namespace rcnn::pipeline
