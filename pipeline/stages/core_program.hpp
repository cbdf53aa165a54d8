// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "pipeline/stages.hpp"

namespace rcnn::pipeline {

/// One run of a program on behalf of a frame.
struct CoreProgram {
  std::size_t program = 0;  ///< Index within the session's programs
  std::shared_ptr<const engine::Executable> executable;
  std::shared_ptr<TensorSet> input;  ///< Has what it reads, by name; given back once the program has run
  std::vector<engine::TensorSpec> output_specs;  ///< At least as large as the executable's outputs
  std::function<std::shared_ptr<TensorSet>&(Frame&)> result;  ///< Where the frame keeps the outputs
};

/// Submits it, to a core or where the session has it. The outputs are acquired when the program begins, not
/// while it waits in the core's queue. A run that is given up keeps its tensors until the core has really
/// done with them; the frame itself is let go at once.
///
/// Thread safety: reentrant; prepares and ends on other threads, as engine::Execution says. \throws
/// engine::Error if `input` lacks what the program reads.
std::shared_ptr<engine::ExecutionTicket> start_on_core(const std::shared_ptr<Frame>& frame, CoreProgram work,
                                                       StageDone done);

}  // namespace rcnn::pipeline
