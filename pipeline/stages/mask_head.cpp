// SPDX-License-Identifier: MIT
#include <utility>

#include "pipeline/stages/core_program.hpp"

namespace rcnn::pipeline {

std::shared_ptr<engine::ExecutionTicket> start_mask_head(const std::shared_ptr<Frame>& frame,
                                                         StageDone done) {
  if (!frame->mask_inputs) {
    done(nullptr);
    return nullptr;
  }
  auto& model = frame->session->model();
  CoreProgram work;
  work.program = frame->session->mask_program_index();
  work.executable = model.mask_executable(static_cast<int>(frame->detections.size()));
  work.input = std::move(frame->mask_inputs);
  work.output_specs = model.mask_executable(model.mask_buckets().back())->outputs();
  work.result = &Frame::mask_outputs;
  return start_on_core(frame, std::move(work), std::move(done));
}

}  // namespace rcnn::pipeline
