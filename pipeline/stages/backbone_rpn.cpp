// SPDX-License-Identifier: MIT
#include <utility>

#include "engine/errors.hpp"
#include "pipeline/stages/core_program.hpp"

namespace rcnn::pipeline {

std::shared_ptr<engine::ExecutionTicket> start_backbone(const std::shared_ptr<Frame>& frame, StageDone done) {
  frame->claim(StageId::kBackboneRpn);
  if (!frame->image)
    throw engine::Error("'neuron-backbone-rpn' got a frame without image: its preprocessing failed");
  CoreProgram work;
  work.program = frame->session->image_program_index();
  work.executable = frame->geometry->image_program;
  work.input = std::move(frame->image);
  work.output_specs = work.executable->outputs();
  work.result = &Frame::backbone;
  return start_on_core(frame, std::move(work), std::move(done));
}

}  // namespace rcnn::pipeline
