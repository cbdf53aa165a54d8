// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/runtime/trace.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {

/// A frame's time in one part of a stage, for engine::Trace: from construction, in a row named after the
/// stage's element. For a stage on a core that includes the wait in the core's queue.
///
/// Thread safety: end() from any one thread.
class StageTimer {
 public:
  /// \param program  whether the part is a program's run
  StageTimer(StageId stage, std::string_view part, std::uint64_t frame, bool program)
      : wanted_(engine::Trace::process().on()), program_(program), stage_(stage), part_(part), frame_(frame) {
    if (wanted_) began_ = engine::TraceSpan::Clock::now();
  }
  /// The frame has left.
  void end() const {
    if (!wanted_) return;
    engine::Trace::process().add({.kind = engine::TraceSpan::Kind::kStage,
                                  .row = std::string(kStages[static_cast<std::size_t>(stage_)].element),
                                  .name = std::string(part_),
                                  .op = "",
                                  .on_core = program_,
                                  .frame = frame_,
                                  .began = began_,
                                  .ended = engine::TraceSpan::Clock::now()});
  }

 private:
  bool wanted_;
  bool program_;
  StageId stage_;
  std::string_view part_;  ///< A literal
  std::uint64_t frame_;
  engine::TraceSpan::Clock::time_point began_{};
};

}  // namespace rcnn::pipeline
