// SPDX-License-Identifier: MIT
#include <utility>

#include "pipeline/stages/core_program.hpp"

namespace rcnn::pipeline {

std::shared_ptr<engine::ExecutionTicket> start_detail_head(const std::shared_ptr<Frame>& frame,
                                                           StageDone done) {
  if (!frame->detail_inputs) {
    done(nullptr);
    return nullptr;
  }
  CoreProgram work;
  work.program = frame->session->detail_program_index();
  work.executable = frame->session->detail_executable(static_cast<int>(frame->detections.size()));
  work.input = std::move(frame->detail_inputs);
  work.output_specs = frame->session->largest_detail_executable()->outputs();
  work.result = &Frame::detail_outputs;
  return start_on_core(frame, std::move(work), std::move(done));
}

}  // namespace rcnn::pipeline
