// SPDX-License-Identifier: MIT
#include "pipeline/host_program.hpp"

#include <memory>
#include <utility>

#include "engine/tensor/tensor.hpp"
#include "pipeline/parallel.hpp"

namespace rcnn::pipeline {
namespace {

/// Activations of the program that this worker runs: kept, and as large as the largest one needed.
std::span<std::byte> scratch_of(std::size_t bytes) {
  thread_local std::size_t held = 0;
  thread_local engine::Tensor scratch;
  if (bytes > held) {
    scratch = engine::Tensor(
        {"scratch", {static_cast<std::int64_t>(bytes)}, engine::DType::kU8, engine::Layout::kRowMajor});
    held = bytes;
  }
  return {static_cast<std::byte*>(scratch.data()), held};
}

void run(engine::Execution& execution) {
  if (execution.prepare) execution.prepare(execution);
  const auto& executable = *execution.executable;
  executable.run(execution.inputs, execution.outputs, scratch_of(executable.scratch_bytes()));
}

}  // namespace

void run_on_host(engine::Execution execution) {
  enqueue_in_arena([shared = std::make_shared<engine::Execution>(std::move(execution))] {
    auto own = std::exchange(*shared, {});
    std::exception_ptr error;
    try {
      run(own);
    } catch (...) {
      error = std::current_exception();
    }
    const auto done = std::exchange(own, {}).done;  // Tensors go before the next stage takes its own
    done(std::move(error));
  });
}

}  // namespace rcnn::pipeline
