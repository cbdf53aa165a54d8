// SPDX-License-Identifier: MIT
#include "pipeline/stages/core_program.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/errors.hpp"

namespace rcnn::pipeline {
namespace {

/// What the core may still touch when the frame is long gone.
struct Run {
  std::shared_ptr<const Session> session;
  std::shared_ptr<TensorSet> input;
  std::shared_ptr<TensorSet> output;
};

/// \throws engine::Error
const engine::Tensor& tensor_named(const TensorSet& set, const std::string& name) {
  const auto found =
      std::ranges::find_if(set, [&](const engine::Tensor& tensor) { return tensor.spec().name == name; });
  if (found == set.end()) throw engine::Error("a program reads '" + name + "', which no stage has written");
  return *found;
}

}  // namespace

std::shared_ptr<engine::ExecutionTicket> start_on_core(const std::shared_ptr<Frame>& frame, CoreProgram work,
                                                       StageDone done) {
  auto run = std::make_shared<Run>(Run{frame->session, std::move(work.input), nullptr});
  engine::Execution execution;
  execution.executable = std::move(work.executable);
  execution.dispatch = frame->dispatch;
  for (const auto& spec : execution.executable->inputs()) {
    execution.inputs.push_back(tensor_named(*run->input, spec.name).data());
  }
  execution.prepare = [run, specs = std::move(work.output_specs)](engine::Execution& self) {
    run->output = run->session->acquire(specs);
    for (auto& tensor : *run->output) self.outputs.push_back(tensor.data());
  };
  execution.done = [frame, run, result = work.result, done = std::move(done)](std::exception_ptr error) {
    // Only a program that ended well has left these alone: after a timeout the core may still be at them.
    if (!error) {
      run->input.reset();
      result(*frame) = std::move(run->output);
    }
    done(std::move(error));
  };
  execution.keep_alive = std::move(run);
  return frame->session->submit(work.program, std::move(execution));
}

}  // namespace rcnn::pipeline
