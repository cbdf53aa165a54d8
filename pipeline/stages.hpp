// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>

#include "engine/image/resize.hpp"
#include "pipeline/frame.hpp"

namespace rcnn::pipeline {

/// The catalogue: what each stage reads and writes, and where it runs.
struct StageInfo {
  StageId id;
  std::string_view element;  ///< GStreamer factory name
  bool on_core;              ///< NeuronCore, else host (TBB)
  std::string_view reads;
  std::string_view writes;
};
inline constexpr std::array<StageInfo, kStageCount> kStages{{
    {StageId::kPreprocess, "preprocess-resize-800", false, "video frame, u8", "image [1, 3, H, W]"},
    {StageId::kBackboneRpn, "neuron-backbone-rpn", true, "image",
     "features p2..p6, RPN logits and deltas per level"},
    {StageId::kProposals, "cpu-rpn-proposals", false, "RPN logits, deltas; or boxes given",
     "up to 1000 proposals"},
    {StageId::kRoiAlign, "roi-align", false, "p2..p5, proposals", "pooled [R, 49, C]"},
    {StageId::kBoxHead, "neuron-box-head", true, "pooled", "class logits [R, C+1], box deltas [R, 4C]"},
    {StageId::kPostprocess, "postprocess-overlay", false, "logits, deltas, proposals; for details p2..p5",
     "detections in video-frame pixels, with masks or keypoints"},
}};

/// Host stages run to the end on the calling TBB worker and spread their inner loops over the arena.
/// Each claims its stage on the frame first, but for run_details(), which is the postprocess stage's second
/// part. Thread safety: reentrant: several frames at once, of each one stage at a time. \throws engine::Error
void run_preprocess(Frame& frame, const engine::ImageView& pixels);
void run_proposals(Frame& frame);
void run_roi_align(Frame& frame);
/// Finds the detections and, in a model with masks or keypoints, pools their boxes again for the detail head.
/// `score_threshold` < 0: the model's own.
void run_postprocess(Frame& frame, float score_threshold);
/// Puts masks or keypoints into the detections; nothing to do where the detail head was skipped.
void run_details(Frame& frame);

/// Core stages submit and return; the backbone and the box head claim their stages first. `done` is called
/// once from another thread (see engine::Execution::done), not at all where they throw. With no proposals the
/// box head is skipped: `done(nullptr)` is called before start_box_head returns, and null is returned. So is
/// the detail head (part of the postprocess stage) without detections or without masks and keypoints in the
/// model. Thread safety: as of host stages. \throws engine::Error
using StageDone = std::function<void(std::exception_ptr)>;
std::shared_ptr<engine::ExecutionTicket> start_backbone(const std::shared_ptr<Frame>& frame, StageDone done);
std::shared_ptr<engine::ExecutionTicket> start_box_head(const std::shared_ptr<Frame>& frame, StageDone done);
std::shared_ptr<engine::ExecutionTicket> start_detail_head(const std::shared_ptr<Frame>& frame,
                                                           StageDone done);

}  // namespace rcnn::pipeline
