// SPDX-License-Identifier: MIT
#include "engine/rcnn/proposals.hpp"

#include <gmock/gmock.h>

#include <optional>
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

// The slow way to the same result: what an RPN found, given to a model with the same weights and without one.
TEST_F(ProposalsTest, GivenWhatTheRpnFoundAFastRcnnFindsWhatAFasterOneDoes) {
  const Picture picture(3, 160, 128);  // The network's own size: boxes are scaled by 1
  const auto run = [&](const std::optional<std::vector<engine::Proposal>>& given) {
    auto made = frame();
    made->given_proposals = given;
    run_preprocess(*made, picture.view());
    run_on_core(start_backbone, made);
    run_proposals(*made);
    run_roi_align(*made);
    run_on_core(start_box_head, made);
    run_postprocess(*made, -1);
    run_on_core(start_detail_head, made);
    run_details(*made);
    return made;
  };
  for (const bool masks : {false, true}) {
    load(cores(1), {.masks = masks});
    const auto faster = run(std::nullopt);
    ASSERT_FALSE(faster->detections.empty());
    load(cores(1), {.load_proposals = true, .masks = masks});
    const auto fast = run(faster->proposals);
    EXPECT_EQ(fast->proposals, faster->proposals);
    EXPECT_EQ(fast->detections, faster->detections);
  }
}

TEST_F(ProposalsTest, GivenBoxesAreScaledToTheNetworksFrame) {
  load(cores(1), {.load_proposals = true});
  const auto made = frame();
  made->given_proposals = {{{{10, 12, 40, 32}, 1}, {{0, 0, 80, 64}, 2}}};
  const Picture picture(1, 80, 64);  // Half of 160x128
  run_preprocess(*made, picture.view());
  run_on_core(start_backbone, made);
  run_proposals(*made);
  EXPECT_THAT(made->proposals, ::testing::ElementsAre(engine::Proposal{{0, 0, 160, 128}, 2},
                                                      engine::Proposal{{20, 24, 80, 64}, 1}));
}

TEST_F(ProposalsTest, AFastRcnnWithoutProposalsSaysWhereTheyComeFrom) {
  load(cores(1), {.load_proposals = true});
  const auto made = frame_before(StageId::kProposals);
  EXPECT_THAT(refusal_of([&] { run_proposals(*made); }), HasSubstr("detect --proposals"));
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
