// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/runtime/executable.hpp"

namespace rcnn::engine {

struct LoadOptions {
  /// Convolutions run as they are defined, whatever is quicker here: results then depend on the processor's
  /// instruction set alone, not on measurements.
  bool deterministic = false;
  /// Values of a model in bf16 or int8 are rounded as if it were multiplied so: it finds what it finds where
  /// the processor does that. NEURON_EMU_PRECISION=1 asks for the same.
  bool emulate_precision = false;
  /// Of the cores that its programs run on, which they are built for (CorePool::settings()); 0: as
  /// NEURON_EMU_THREADS_PER_CORE says.
  int threads_per_core = 0;
  bool operator==(const LoadOptions&) const = default;
};

/// One artifact ready to run: its weights, reordered once per process to the layouts that this CPU likes, and
/// executables per input shape (built on first use, at most kMaxShapes shapes a program, least recently used
/// go).
///
/// Thread safety: thread-safe. One mutex guards the executables; building one holds it.
class LoadedModel {
 public:
  static constexpr std::size_t kMaxShapes = 12;

  /// Process-wide: the same file (device, inode, size, modification time) with the same options gives the
  /// same object while any holder is alive, so elements and pipelines share one set of weights. \throws
  /// ModelError
  static std::shared_ptr<LoadedModel> load(const std::filesystem::path& file, LoadOptions options = {});
  ~LoadedModel();
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const Artifact& artifact() const;
  const ModelConfig& config() const;

  /// Index of a program by name ("box-head", "mask-head", "keypoint-head"). \throws ModelError naming those
  /// there are.
  std::size_t program_index(const std::string& name) const;
  /// The program that reads the image: "backbone-rpn", or "backbone" where the RPN head is in others.
  std::size_t image_program_index() const;
  /// Those others: "rpn-head", or one a level, finest first; none where it is fused to the backbone or the
  /// model has no RPN.
  std::vector<std::size_t> rpn_program_indices() const;
  /// Bytes of reordered weights of a program that is resident on a core (shared between cores of one
  /// process): those of its executables so far, the artifact's for what none has asked for yet.
  std::size_t weight_bytes(std::size_t program) const;

  /// The image program for a padded input of this size. Outputs, in this order:
  ///   per FPN level p2..p6: features [1, C, H, W], layout as the convolutions write it (p6 is not pooled),
  ///   bf16 or 8 bits where the model's products are, each level its own type and step, else f32;
  ///   then, in "backbone-rpn" of a model with RPN, what rpn_executable() writes otherwise.
  /// Input: "image" [1, 3, padded.height, padded.width], row-major f32, or where the first layer's products
  /// are narrow what they multiply, channels last (Resizer::network_rows writes either).
  std::shared_ptr<const Executable> image_executable(Size padded);

  /// The RPN head, or what of it this one of rpn_program_indices() has, for the features of such an image.
  /// Inputs: the image program's outputs of its levels, as they are. Outputs: per level "rpn_logits_pN"
  /// kNhwc, then per level "rpn_deltas_pN" kNhwc (the order RpnLevel wants).
  std::shared_ptr<const Executable> rpn_executable(std::size_t program, Size padded);

  /// The box head for at least `regions` regions, 1..max regions: the smallest bucket that holds them.
  /// Input: "pooled" [B, S * S, C] row-major as roi_align writes it, of the type and step that the first
  /// layer multiplies; outputs "class_logits" [B, classes + 1], "box_deltas" [B, 4 * classes], row-major. A
  /// region's result does not depend on the bucket.
  std::shared_ptr<const Executable> box_executable(int regions);
  /// Bucket sizes, ascending; the last is config().max_proposals().
  const std::vector<int>& box_buckets() const;

  /// The mask head for at least `detections` detections, 1..max_detections: the smallest bucket that holds
  /// them. Only where config().mask_on.
  /// Inputs: "mask_pooled" [B, C, S, S] kNhwc as roi_align writes it, of a type as above, "mask_classes" [B]
  /// row-major f32, every one of them a class of the model; output "mask_probabilities" [B, 2 * S, 2 * S]
  /// row-major, of the detection's own class. A detection's result does not depend on the bucket.
  std::shared_ptr<const Executable> mask_executable(int detections);
  /// The keypoint head, likewise. Only where config().keypoint_on.
  /// Input: "keypoint_pooled" [B, C, S, S] kNhwc; output "keypoint_heatmaps" [B, K, 4 * S, 4 * S] row-major
  /// logits.
  std::shared_ptr<const Executable> keypoint_executable(int detections);
  /// Bucket sizes of both, ascending; the last is max_detections.
  const std::vector<int>& detection_buckets() const;

  /// Classifiers: the program for at least `images` images, 1..kMaxImages: the smallest bucket that holds
  /// them. Input: "image" [B, 3, H, W] row-major f32, H and W as compiled; output "logits" [B, classes]
  /// row-major.
  std::shared_ptr<const Executable> classifier_executable(int images);
  static constexpr int kMaxImages = 128;

 private:
  LoadedModel();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rcnn::engine
