// SPDX-License-Identifier: MIT
#include "engine/rcnn/proposals.hpp"

#include <gmock/gmock.h>

#include <utility>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

class ProposalsTest : public PipelineTest {};

TEST_F(ProposalsTest, LevelsInParallelFindWhatOneCallFinds) {
  load(cores(1));
  const auto made = frame_before(StageId::kProposals);
  const auto& tensors = std::as_const(*made->backbone);
  std::vector<engine::RpnLevel> levels;
  for (std::size_t i = 0; i < made->geometry->anchors.size(); ++i) {
    const auto& logits = tensors[made->geometry->anchors.size() + i];
    const auto& deltas = tensors[2 * made->geometry->anchors.size() + i];
    EXPECT_THAT(logits.spec().name, HasSubstr("rpn_logits"));
    EXPECT_THAT(deltas.spec().name, HasSubstr("rpn_deltas"));
    levels.push_back({made->geometry->anchors[i], logits.values<float>(), deltas.values<float>()});
  }
  const auto expected = engine::find_top_proposals(levels, session_->proposal_params(), 160, 128);
  run_proposals(*made);
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(made->proposals, expected);
}

TEST_F(ProposalsTest, AFrameWithoutFeaturesIsRefused) {
  load(cores(1));
  const auto made = frame();
  made->claim(StageId::kPreprocess);
  made->claim(StageId::kBackboneRpn);
  EXPECT_THAT(refusal_of([&] { run_proposals(*made); }), HasSubstr("without features"));
}

}  // namespace
}  // namespace rcnn::pipeline
