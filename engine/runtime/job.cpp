// SPDX-License-Identifier: MIT
#include "engine/runtime/job.hpp"

#include <utility>

#include "engine/errors.hpp"
#include "engine/runtime/neuron_core.hpp"

namespace rcnn::engine {

std::exception_ptr cancelled_error() {
  return std::make_exception_ptr(CancelledError("execution cancelled: its frame is no longer wanted"));
}

Job::Job(std::string program_name, Execution work, Mover mover)
    : program(std::move(program_name)),
      execution(std::move(work)),
      mover_(std::move(mover)),
      done_(std::move(execution.done)) {}

void Job::cancel() {
  if (!claim()) return;
  complete(cancelled_error());
  std::unique_lock lock(mutex_);
  const auto core = core_.lock();
  lock.unlock();
  // One that moves to another core just now is not found: that core lets go of it at its turn.
  if (core) core->forget(*this);
}

bool Job::move(const std::shared_ptr<Job>& job) { return job->mover_ && job->mover_(job); }

void Job::set_core(std::weak_ptr<NeuronCore> core) {
  std::lock_guard lock(mutex_);
  core_ = std::move(core);
}

void Job::complete(std::exception_ptr error) noexcept {
  const auto done = std::move(done_);
  if (done) done(std::move(error));
}

}  // namespace rcnn::engine
