// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/errors.hpp"
#include "engine/model/proposal_file.hpp"
#include "engine/results/formats.hpp"
#include "engine/runtime/core_pool.hpp"

namespace rcnn::launch {

using engine::ClassNames;
using engine::FrameResult;

/// What `detect` was asked to do with every input.
struct DetectOptions {
  std::filesystem::path model{};
  std::string cores{};  ///< "0-1"; "auto" or empty = all
  engine::Placement placement = engine::Placement::kReplicate;
  int max_in_flight = 4;
  bool deterministic = false;
  bool display = false;      ///< Show annotated frames in a window
  float threshold = -1;      ///< Scores at or below are left out; < 0 = the model's own
  bool raw = false;          ///< Results have their raw outputs
  std::uint64_t frames = 0;  ///< Of a video or camera; 0 = to the end
  std::shared_ptr<const engine::ProposalFile> proposals{};  ///< Of the images, for models without RPN
};

/// Results cannot be written: no input is to blame, and the run ends.
class OutputError : public engine::Error {
 public:
  using Error::Error;
};

/// Where results go while the work goes on. Thread safety: thread-bound.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  /// \throws OutputError
  virtual void found(const FrameResult& result) = 0;
  /// One input or frame has no result; the others go on.
  virtual void failed(const std::string& message) = 0;
  /// An annotated copy is in its place.
  virtual void copied(const std::filesystem::path& /*annotated*/) {}
  virtual void warned(const std::string& message) = 0;
  /// total <= 0: unknown.
  virtual void progressed(double done, double total, const std::string& note) = 0;
};

}  // namespace rcnn::launch
