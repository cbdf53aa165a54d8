// SPDX-License-Identifier: MIT
#include "engine/runtime/program_executable.hpp"

#include <utility>

#include "engine/errors.hpp"
#include "engine/model/graph_shapes.hpp"
#include "engine/runtime/activation_tap.hpp"
#include "engine/runtime/program_builder.hpp"
#include "engine/runtime/thread_count.hpp"
#include "engine/runtime/trace.hpp"

namespace rcnn::engine {
namespace {

class ProgramExecutable final : public Executable {
 public:
  ProgramExecutable(const Graph& graph, const ProgramShapes& shapes, PackedWeights& weights)
      : program_(graph.name), inputs_(shapes.inputs), threads_(ThreadCount::current()) {
    ProgramBuilder builder(graph, shapes, weights);
    builder.build();
    steps_ = std::move(builder.steps);
    storages_ = std::move(builder.storages);
    outputs_ = std::move(builder.outputs);
    scratch_bytes_ = builder.arena_bytes;
  }

  const std::string& program() const override { return program_; }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  std::size_t scratch_bytes() const override { return scratch_bytes_; }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           std::span<std::byte> scratch) const override {
    if (inputs.size() != inputs_.size() || outputs.size() != outputs_.size() ||
        scratch.size() < scratch_bytes_) {
      throw DeviceError("program '" + program_ + "' was given " + std::to_string(inputs.size()) +
                        " inputs, " + std::to_string(outputs.size()) + " outputs and " +
                        std::to_string(scratch.size()) + " bytes of scratch; it needs " +
                        std::to_string(inputs_.size()) + ", " + std::to_string(outputs_.size()) + " and " +
                        std::to_string(scratch_bytes_));
    }
    const auto address = [&](std::size_t index) -> void* {
      const auto& storage = storages_[index];
      switch (storage.place) {
        case Storage::Place::kInput:
          return const_cast<void*>(inputs[storage.index]);  // Operators' inputs are const again
        case Storage::Place::kOutput:
          return outputs[storage.index];
        default:
          return scratch.data() + storage.offset;
      }
    };
    const ThreadCount threads(threads_);
    const auto tapped = tap_inputs(inputs);
    std::vector<const void*> sources;
    std::vector<void*> results;
    const auto run_step = [&](const Step& step) {
      sources.clear();
      results.clear();
      for (const auto input : step.inputs) sources.push_back(address(input));
      for (const auto output : step.outputs) results.push_back(address(output));
      step.op->run(sources, results, address(step.scratch));
      if (tapped) show_values(*tapped, step, results);
    };
    if (Trace::process().on()) {
      run_traced(run_step);
    } else {
      for (const auto& step : steps_) run_step(step);
    }
  }

 private:
  static void show(ActivationTap::Run& run, const std::string& value, const Format& format,
                   const void* values) {
    run.visit(value, format, {static_cast<const float*>(values), format.bytes() / sizeof(float)});
  }

  static void show_values(ActivationTap::Run& run, const Step& step, std::span<void* const> results) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto& format = i == 0 ? step.op->output() : step.op->further_outputs()[i - 1];
      if (!step.values[i].empty() && format.dtype() == DType::kF32)
        show(run, step.values[i], format, results[i]);
    }
  }

  /// Shape of what it writes, all channels counted.
  static Shape shape_of(const Operator& op) {
    auto shape = op.output().shape();
    for (const auto& further : op.further_outputs()) shape[1] += further.shape()[1];
    return shape;
  }

  /// Null without a tap.
  std::unique_ptr<ActivationTap::Run> tap_inputs(std::span<const void* const> inputs) const {
    auto run = ActivationTap::any() ? ActivationTap::begin_installed(program_) : nullptr;
    for (std::size_t i = 0; run && i < inputs.size(); ++i) {
      if (inputs_[i].dtype != DType::kF32) continue;
      show(*run, inputs_[i].name, Format(inputs_[i].shape, inputs_[i].layout), inputs[i]);
    }
    return run;
  }

  template <typename RunStep>
  void run_traced(const RunStep& run_step) const {
    using Clock = TraceSpan::Clock;
    std::vector<TraceSpan> spans;
    spans.reserve(steps_.size() + 1);
    const auto& [row, on_core] = Trace::thread();
    const auto began = Clock::now();
    auto last = began;
    for (const auto& step : steps_) {
      run_step(step);
      const auto now = Clock::now();
      spans.push_back({.kind = TraceSpan::Kind::kOperator,
                       .row = row,
                       .name = step.op->name(),
                       .op = step.kind,
                       .implementation = step.op->implementation(),
                       .program = program_,
                       .on_core = on_core,
                       .shape = shape_of(*step.op),
                       .began = last,
                       .ended = now});
      last = now;
    }
    spans.push_back({.kind = TraceSpan::Kind::kProgram,
                     .row = row,
                     .name = program_,
                     .op = "",
                     .program = program_,
                     .on_core = on_core,
                     .began = began,
                     .ended = last});
    Trace::process().add(std::move(spans));
  }

  std::string program_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  std::vector<Storage> storages_;
  std::vector<Step> steps_;
  std::size_t scratch_bytes_ = 0;
  int threads_;  ///< Of the team that the operators were made for
};

}  // namespace

std::shared_ptr<const Executable> build_executable(const Graph& graph, const ProgramShapes& shapes,
                                                   PackedWeights& weights) {
  if (shapes.inputs.size() != graph.inputs.size()) {
    throw ModelError("program '" + graph.name + "' has " + std::to_string(graph.inputs.size()) +
                     " inputs; shapes of " + std::to_string(shapes.inputs.size()) + " were given");
  }
  ValueShapes known;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) known[graph.inputs[i]] = shapes.inputs[i].shape;
  infer_shapes(graph, std::move(known));  // Refuses graphs that cannot run, before any operator is made
  return std::make_shared<ProgramExecutable>(graph, shapes, weights);
}

}  // namespace rcnn::engine
