// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/image/resize.hpp"
#include "engine/rcnn/box.hpp"
#include "pipeline/session.hpp"

namespace rcnn::pipeline {

/// The six stages, in the order a frame meets them.
enum class StageId : std::uint8_t {
  kPreprocess,
  kBackboneRpn,
  kProposals,
  kRoiAlign,
  kBoxHead,
  kPostprocess
};
inline constexpr int kStageCount = 6;

/// One slot of a FramePool; gives itself back when destroyed or released.
class Slot;

/// Everything that one video frame gathers on its way. Shared by the buffer's meta and the graph's items;
/// never refers to the buffer itself (that would be a cycle).
///
/// Thread safety: one stage at a time writes it (claim() enforces that); done stages' results may be read by
/// any.
struct Frame {
  std::shared_ptr<const Session> session;
  std::unique_ptr<Slot> slot;  ///< Returned after the last stage's push, or when the frame dies
  std::uint64_t number = 0;    ///< Counts frames of one pool
  engine::Dispatch dispatch;   ///< Of what runs on cores on its behalf
  /// With a batch size: says to batches that they may wait for it. Goes when no core is left to run on, with
  /// the slot at last.
  std::shared_ptr<const void> admission;

  engine::Size image_size;    ///< Video frame, pixels
  engine::Size network_size;  ///< After the resize, without padding
  std::shared_ptr<const Geometry> geometry;

  std::shared_ptr<TensorSet> image;  ///< {[1, 3, H, W]}, until handed to the backbone
  std::shared_ptr<TensorSet>
      backbone;  ///< Outputs of the image program, until pooled (twice with a detail head)
  /// {logits, deltas per level} of each of the RPN head's own programs, until proposals are found; without
  /// any they are the last of `backbone`.
  std::vector<std::shared_ptr<TensorSet>> rpn;
  /// For a model without RPN: boxes that came with the image, video-frame pixels (fit_proposals)
  std::optional<std::vector<engine::Proposal>> given_proposals;
  std::vector<engine::Proposal> proposals;  ///< Network frame
  /// {[most regions, S*S, C]}, a row a proposal and undefined beyond; until handed to the box head.
  std::shared_ptr<TensorSet> pooled;
  /// {class logits, box deltas}, a row a proposal and undefined beyond; until postprocessed.
  std::shared_ptr<TensorSet> box_outputs;
  std::vector<engine::Detection> detections;  ///< Video-frame pixels, best first
  std::vector<engine::Box> network_boxes;     ///< The detections' boxes in the network's frame
  /// What the detail head reads, a row a detection and undefined beyond; until handed to it.
  std::shared_ptr<TensorSet> detail_inputs;
  std::shared_ptr<TensorSet> detail_outputs;  ///< Of the detail head, likewise; until put into the detections
  bool keep_detail_outputs = false;  ///< They stay until the frame goes, for who wants them as they are

  Frame();
  ~Frame();
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  /// Reserves the right to run `stage`. \throws engine::Error if another branch of a tee has taken it
  /// already, or an earlier stage is missing (names both).
  void claim(StageId stage);
  /// Stages claimed so far.
  int claimed() const;
  /// Frames that may be in flight at once: as many as its slot's pool has slots; 1 for a frame without.
  int max_in_flight() const;
  /// Gives the slot back now; harmless when done already.
  void release_slot();

 private:
  std::atomic<int> claimed_{0};
};

/// `max_in_flight` slots: the one bound on frames between the entrance and the last push.
///
/// Thread safety: thread-safe; one mutex guards the count. Frames keep the pool's state alive.
class FramePool {
 public:
  explicit FramePool(int max_in_flight);
  ~FramePool();

  /// Waits for a slot; null once cancelled.
  /// `on_stall` is called once if it has waited `stall` without getting one.
  std::shared_ptr<Frame> acquire(std::chrono::milliseconds stall = std::chrono::seconds(5),
                                 const std::function<void(int held)>& on_stall = {});
  /// A slot if one is free now, else null.
  std::shared_ptr<Frame> try_acquire();
  /// While set, acquire() returns null at once, waiters included.
  void set_cancelled(bool cancelled);
  int in_flight() const;
  int max_in_flight() const;

 private:
  friend class Slot;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rcnn::pipeline
