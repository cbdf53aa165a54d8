// SPDX-License-Identifier: MIT
#include "launch/program_loop.hpp"

#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <queue>
#include <utility>

#include "launch/ordinary_numbers.hpp"

namespace rcnn::launch {
namespace {

using Clock = TimedLoop::Clock;

/// One after the other's executions, with the tensors that they read and write.
struct Caller {
  std::shared_ptr<pipeline::TensorSet> inputs;
  std::shared_ptr<pipeline::TensorSet> outputs;
  Clock::time_point began;
};

/// Callers whose execution has ended, in that order. Shared with what still runs when an error ends the loop.
class Ended {
 public:
  struct One {
    std::size_t caller;
    std::exception_ptr error;
  };

  void push(One one) {
    const std::lock_guard lock(mutex_);
    ended_.push(std::move(one));
    some_.notify_one();
  }
  One pop() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [&] { return !ended_.empty(); });
    auto one = std::move(ended_.front());
    ended_.pop();
    return one;
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::queue<One> ended_;
};

Caller caller_of(const pipeline::Session& session, const engine::Executable& executable) {
  Caller caller{session.acquire(executable.inputs()), session.acquire(executable.outputs()), {}};
  for (auto& tensor : *caller.inputs) {
    const auto bytes = tensor.spec().bytes();
    std::memset(tensor.data(), 0, bytes);
    // Every detection needs a class: 0 is one.
    if (tensor.spec().name != "mask_classes") fill_with_ordinary_numbers(tensor.data(), bytes);
  }
  return caller;
}

}  // namespace

std::vector<SizedProgram> sized_programs(const pipeline::Session& session, engine::Size image) {
  auto& model = session.model();
  const auto& compiled = model.artifact().programs();
  const auto geometry =
      session.geometry(engine::padded_size(engine::network_size(session.input_spec(), image), 32));
  std::vector<SizedProgram> programs;
  const auto add = [&](std::size_t index, std::shared_ptr<const engine::Executable> executable) {
    programs.push_back({compiled.at(index).graph.name, index, std::move(executable)});
  };
  add(session.image_program_index(), geometry->image_program);
  const auto& heads = session.rpn_program_indices();
  for (std::size_t i = 0; i < heads.size(); ++i) add(heads[i], geometry->rpn_programs.at(i));
  add(session.box_program_index(), model.box_executable(model.box_buckets().back()));
  if (session.has_details()) add(session.detail_program_index(), session.largest_detail_executable());
  return programs;
}

LoopResult run_program(const pipeline::Session& session, const SizedProgram& program, int callers,
                       TimedLoop loop) {
  const auto ended = std::make_shared<Ended>();
  std::vector<std::shared_ptr<Caller>> all;
  const auto submit = [&](std::size_t which) {
    auto& caller = *all.at(which);
    engine::Execution execution;
    execution.executable = program.executable;
    for (auto& tensor : *caller.inputs) execution.inputs.push_back(tensor.data());
    for (auto& tensor : *caller.outputs) execution.outputs.push_back(tensor.data());
    execution.keep_alive = all.at(which);
    execution.done = [ended, which](std::exception_ptr error) { ended->push({which, std::move(error)}); };
    caller.began = Clock::now();
    session.submit(program.index, std::move(execution));
  };
  for (int i = 0; i < callers; ++i) {
    all.push_back(std::make_shared<Caller>(caller_of(session, *program.executable)));
  }
  for (std::size_t i = 0; i < all.size(); ++i) submit(i);
  for (auto under_way = all.size(); under_way > 0;) {
    auto one = ended->pop();
    if (one.error) std::rethrow_exception(one.error);
    loop.ended(Clock::now() - all.at(one.caller)->began);
    if (loop.done()) {
      --under_way;
    } else {
      submit(one.caller);
    }
  }
  return loop.result();
}

}  // namespace rcnn::launch
