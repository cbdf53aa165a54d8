// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "engine/classify/top_classes.hpp"
#include "engine/image/resize.hpp"
#include "engine/model/classifier.hpp"
#include "pipeline/session.hpp"

namespace rcnn::pipeline {

/// A classifier on its cores. A batch is split evenly over them and gathered again: data parallel, with
/// batches of any size.
///
/// Thread safety: thread-safe.
class Classifier {
 public:
  /// Loads (or shares) the model and places its program on each core.
  ///   options.placement must be replicate: there is one program
  /// \throws engine::ModelError, SettingError, DeviceError; nothing stays loaded.
  static std::unique_ptr<Classifier> create(const SessionOptions& options,
                                            engine::CorePool& cores = engine::CorePool::process());
  ~Classifier();

  const engine::ClassifierConfig& config() const;
  /// Cores in use.
  std::size_t cores() const;

  /// Logits [classes] of each image, in the images' order. Waits until all are done.
  ///   images    any sizes and formats, borrowed; any number of them
  ///   dispatch  whose turn it is on cores shared with others; batches are formed here already
  /// \throws engine::DeviceError, TimeoutError of the first execution that failed.
  std::vector<std::vector<float>> logits(std::span<const engine::ImageView> images,
                                         const engine::Dispatch& dispatch = {}) const;
  /// Classifies one pixel, before there are pictures, again where a core fails (pipeline/warm_up.hpp).
  /// \returns how long that took, without what failed \throws engine::Error as logits()
  std::chrono::nanoseconds warm_up(const engine::Dispatch& dispatch = {}) const;

 private:
  Classifier();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rcnn::pipeline
