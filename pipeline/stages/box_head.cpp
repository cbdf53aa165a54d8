// SPDX-License-Identifier: MIT
#include <utility>

#include "engine/errors.hpp"
#include "pipeline/stages/core_program.hpp"

namespace rcnn::pipeline {

std::shared_ptr<engine::ExecutionTicket> start_box_head(const std::shared_ptr<Frame>& frame, StageDone done) {
  frame->claim(StageId::kBoxHead);
  if (frame->proposals.empty()) {
    done(nullptr);
    return nullptr;
  }
  if (!frame->pooled)
    throw engine::Error("'neuron-box-head' got a frame without pooled regions: pooling failed");
  auto& model = frame->session->model();
  CoreProgram work;
  work.program = frame->session->box_program_index();
  work.executable = model.box_executable(static_cast<int>(frame->proposals.size()));
  work.input = std::move(frame->pooled);
  // As pooled regions: one size for all buckets.
  work.output_specs = model.box_executable(model.box_buckets().back())->outputs();
  work.result = &Frame::box_outputs;
  return start_on_core(frame, std::move(work), std::move(done));
}

}  // namespace rcnn::pipeline
