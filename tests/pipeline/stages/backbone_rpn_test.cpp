// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <cmath>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

class BackboneRpnTest : public PipelineTest {};

TEST_F(BackboneRpnTest, TurnsTheImageIntoTheProgramsOutputs) {
  load(cores(1));
  const auto made = frame_before(StageId::kProposals);
  EXPECT_EQ(made->image, nullptr);
  ASSERT_NE(made->backbone, nullptr);
  const auto& specs = made->geometry->image_program->outputs();
  ASSERT_EQ(made->backbone->size(), specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(made->backbone->at(i).spec(), specs[i]);
    for (const float value : made->backbone->at(i).values<float>()) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST_F(BackboneRpnTest, AFailingCoreReachesThisFrameOnly) {
  load(cores(1, {{0, "fail", 3}}));  // Two executions warm up.
  const auto first = frame_before(StageId::kBackboneRpn);
  EXPECT_THAT(refusal_of([&] { run_on_core(start_backbone, first); }), HasSubstr("injected"));
  EXPECT_EQ(first->backbone, nullptr);
  EXPECT_NO_THROW(frame_before(StageId::kProposals));
}

TEST_F(BackboneRpnTest, AFrameWithoutImageIsRefused) {
  load(cores(1));
  const auto made = frame();
  made->claim(StageId::kPreprocess);  // As after a preprocessing that failed.
  EXPECT_THAT(refusal_of([&] { run_on_core(start_backbone, made); }), HasSubstr("without image"));
}

}  // namespace
}  // namespace rcnn::pipeline
