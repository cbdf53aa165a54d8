// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// Detectron2's file of precomputed proposals: a pickled dictionary with, image by image,
///
///   "ids"                [N]          whole numbers (a list or an array) or text; they are compared as text
///   "boxes"              [N] [R, 4]   arrays, image pixels
///   "objectness_logits"  [N] [R]      arrays
///   "bbox_mode"          0: corners (XYXY_ABS, where it is missing, too), 1: corner and size (XYWH_ABS), or
///   BoxMode's member
///
/// Detectron1's names "indexes" and "scores" are read as well. Nothing in the file is ever executed. Boxes
/// are decoded when they are asked for, so that a data set's 5,000 images cost no more memory than the file.
///
/// Thread safety: reentrant; const methods are thread-safe.
class ProposalFile {
 public:
  /// \throws ModelError naming the file and what is wrong: unreadable, no such dictionary, lists of different
  /// lengths, arrays of other shapes, another bbox_mode, a foreign name in the pickle.
  explicit ProposalFile(const std::filesystem::path& file);
  ~ProposalFile();
  ProposalFile(const ProposalFile&) = delete;
  ProposalFile& operator=(const ProposalFile&) = delete;

  std::size_t image_count() const;
  bool contains(const std::string& id) const;
  /// Of one image, in the file's order, image pixels. \throws ModelError if the image is unknown (the message
  /// shows ids that there are), or a value is not finite.
  std::vector<Proposal> find(const std::string& id) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rcnn::engine
