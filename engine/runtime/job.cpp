// SPDX-License-Identifier: MIT
#include "engine/runtime/job.hpp"

#include <utility>

#include "engine/errors.hpp"
#include "engine/runtime/dispatcher.hpp"

namespace rcnn::engine {

std::exception_ptr cancelled_error() {
  return std::make_exception_ptr(CancelledError("execution cancelled: its frame is no longer wanted"));
}

Job::Job(std::string program_name, std::vector<int> core_ids, Execution work,
         std::weak_ptr<Dispatcher> dispatcher)
    : program(std::move(program_name)),
      cores(std::move(core_ids)),
      execution(std::move(work)),
      dispatcher_(std::move(dispatcher)),
      done_(std::move(execution.done)) {}

void Job::cancel() {
  if (!claim()) return;
  complete(cancelled_error());
  if (const auto dispatcher = dispatcher_.lock()) dispatcher->forget(*this);
}

void Job::complete(std::exception_ptr error) noexcept {
  const auto done = std::move(done_);
  if (done) done(std::move(error));
}

}  // namespace rcnn::engine
