// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/image/resize.hpp"
#include "launch/timed_loop.hpp"
#include "pipeline/session.hpp"

namespace rcnn::launch {

/// A program of a detector, for one size of its input.
struct SizedProgram {
  std::string name;       ///< "backbone-rpn"
  std::size_t index = 0;  ///< Session::submit()
  std::shared_ptr<const engine::Executable> executable;
};

/// Every program of the model, in the order a frame meets them: those of the image for a picture of this
/// size, heads for as many regions or detections as a frame can have. Thread safety: reentrant, as
/// run_program(). \throws engine::Error
std::vector<SizedProgram> sized_programs(const pipeline::Session& session, engine::Size image);

/// One program alone, by so many callers at a time, each of which waits for its execution before it asks for
/// the next; an iteration is an execution, from its submission to its end.
/// \throws engine::Error of the first execution that fails
LoopResult run_program(const pipeline::Session& session, const SizedProgram& program, int callers,
                       TimedLoop loop);

}  // namespace rcnn::launch
