// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/image/resize.hpp"
#include "engine/rcnn/anchors.hpp"
#include "engine/rcnn/detections.hpp"
#include "engine/rcnn/proposals.hpp"
#include "engine/rcnn/roi_align.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/loaded_model.hpp"
#include "pipeline/tensor_pool.hpp"

namespace rcnn::pipeline {

/// What a user chooses before frames flow.
struct SessionOptions {
  std::filesystem::path model;
  std::string cores;  ///< "0-1"; "auto" or empty = all cores of the pool
  engine::Placement placement = engine::Placement::kReplicate;
  bool deterministic = false;      ///< engine::LoadOptions
  bool emulate_precision = false;  ///< likewise
};

/// What depends on the padded network size: made once per size, kept for the most recent sizes.
struct Geometry {
  engine::Size padded;
  std::shared_ptr<const engine::Executable> image_program;
  /// In the order of Session::rpn_program_indices()
  std::vector<std::shared_ptr<const engine::Executable>> rpn_programs;
  std::vector<std::vector<engine::Box>> anchors;  ///< Per FPN level, order H, W, cell
  /// The sets of tensors that a frame acquires on its way, each once.
  std::vector<std::vector<engine::TensorSpec>> sets;
};

/// A model on its cores, shared by all frames that run on it. Frames hold it, so a model swap is a frame
/// boundary.
///
/// Thread safety: thread-safe.
class Session {
 public:
  /// Loads (or shares) the model, places its programs, warms each up once.
  /// \throws engine::ModelError, SettingError, DeviceError; nothing stays loaded.
  static std::shared_ptr<const Session> create(const SessionOptions& options,
                                               engine::CorePool& cores = engine::CorePool::process());
  ~Session();

  const SessionOptions& options() const;
  const engine::ModelConfig& config() const;
  const engine::InputSpec& input_spec() const;
  /// What of the model is on cores.
  engine::LoadedPrograms& programs() const;
  engine::LoadedModel& model() const;
  /// Runs a program of the model where the artifact's partition has it: on a core, whichever that
  /// holds it is free first, or on the host. Null for the host, where nothing can be cancelled.
  std::shared_ptr<engine::ExecutionTicket> submit(std::size_t program, engine::Execution execution) const;
  std::size_t image_program_index() const;
  /// The RPN head's programs: one, or one a level, finest first; none where the image program ends with it or
  /// the model has no RPN.
  const std::vector<std::size_t>& rpn_program_indices() const;
  std::size_t box_program_index() const;
  /// Whether detections are looked at once more, for masks or keypoints: by the model's mask head or keypoint
  /// head, its *detail head*. The other methods of that name are for models that have one.
  bool has_details() const;
  std::size_t detail_program_index() const;
  /// For at least so many detections.
  std::shared_ptr<const engine::Executable> detail_executable(int detections) const;
  std::shared_ptr<const engine::Executable> largest_detail_executable() const;

  engine::Normalization normalization() const;
  engine::ProposalParams proposal_params() const;
  engine::RoiPoolerParams pooler_params() const;
  engine::RoiPoolerParams detail_pooler_params() const;
  engine::DetectionParams detection_params() const;

  std::shared_ptr<const Geometry> geometry(engine::Size padded) const;
  /// Resizer for an image size, cached.
  std::shared_ptr<const engine::Resizer> resizer(engine::Size source, engine::Size target) const;

  /// Memory for what so many frames of this size can hold at once (TensorPool::provide).
  void provide(const Geometry& geometry, int frames) const;
  /// Tensors of these shapes, reused when there are any. Contents undefined.
  std::shared_ptr<TensorSet> acquire(const std::vector<engine::TensorSpec>& specs) const;
  /// Blocks that the pool has allocated since the session began (TensorPool::misses): after the first frame
  /// of a size none, as long as no core is late.
  std::uint64_t pool_misses() const;
  /// Time of the warm-up inference: the first latency estimate, ns.
  std::uint64_t warm_up_ns() const;

 private:
  Session();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rcnn::pipeline
