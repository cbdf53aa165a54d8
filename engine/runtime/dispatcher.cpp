// SPDX-License-Identifier: MIT
#include "engine/runtime/dispatcher.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using Deadline = std::optional<Dispatcher::Clock::time_point>;

void bring_forward(Deadline& deadline, Deadline other) {
  if (other) deadline = deadline ? std::min(*deadline, *other) : *other;
}

bool any_job(const Job&) { return true; }

}  // namespace

Dispatcher::Dispatcher(const CoreSettings& settings)
    : timeout_(settings.timeout),
      turns_(settings),
      watchdog_([this](Clock::time_point now) { return expire(now); }) {
  for (const int id : settings.cores) cores_.try_emplace(id);
}

void Dispatcher::stop() {
  std::vector<std::shared_ptr<Job>> waiting;
  std::vector<std::shared_ptr<Job>> running;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting = queue_.extract(any_job);
    for (auto& [id, core] : cores_) {
      // Claimed before the core's thread can see that it is to stop, lest it completes the job with what it
      // then meets.
      if (core.running && core.running->claim()) running.push_back(core.running);
      core.wake.notify_all();
    }
  }
  for (const auto& job : running) job->complete(cancelled_error());
  for (const auto& job : waiting) {
    if (job->claim()) job->complete(cancelled_error());
    job->release();
  }
  watchdog_.stop();
}

std::shared_ptr<Job> Dispatcher::submit(const std::string& program, const std::vector<int>& cores,
                                        Execution execution, std::shared_ptr<const BatchGroup> group) {
  auto job = std::make_shared<Job>(program, cores, std::move(execution), weak_from_this());
  std::unique_lock lock(mutex_);
  if (!stopping_) {
    queue_.push(job, std::move(group));
    settle(std::move(lock));
    return job;
  }
  lock.unlock();
  job->claim();
  job->complete(std::make_exception_ptr(DeviceError("program '" + program + "': the core pool is closed")));
  job->release();
  return job;
}

void Dispatcher::forget(const Job& job) {
  std::unique_lock lock(mutex_);
  const auto dropped = queue_.extract([&](const Job& other) { return &other == &job; });
  for (auto& [id, core] : cores_) {
    if (core.running.get() == &job) core.wake.notify_all();
  }
  lock.unlock();
  for (const auto& found : dropped) found->release();
}

void Dispatcher::look_again() { settle(std::unique_lock(mutex_)); }

void Dispatcher::open(int id) {
  std::unique_lock lock(mutex_);
  auto& core = cores_.at(id);
  core.idle = true;
  settle(std::move(lock));
}

std::shared_ptr<Job> Dispatcher::next(int id) {
  auto& core = cores_.at(id);
  std::unique_lock lock(mutex_);
  core.wake.wait(lock, [&] { return stopping_ || core.running; });
  return core.running;
}

std::string Dispatcher::finished(int id, bool mine, bool failed) {
  auto& core = cores_.at(id);
  std::unique_lock lock(mutex_);
  auto notice = core.finish(Clock::now(), mine, failed);
  if (core.lost()) queue_.free_batch_of(id);
  end_turn(id);
  settle(std::move(lock));
  return notice;
}

void Dispatcher::hang(int id) {
  auto& core = cores_.at(id);
  std::unique_lock lock(mutex_);
  end_turn(id);  // A device that hangs takes no CPU.
  settle(std::move(lock));
  lock = std::unique_lock(mutex_);
  core.wake.wait(lock, [&] { return stopping_ || core.running->claimed(); });
}

/// Deals out what may run now, lets go of the lock and has deadlines looked after.
void Dispatcher::settle(std::unique_lock<std::mutex> lock) {
  const auto now = Clock::now();
  deal(now);
  const auto next = next_deadline(now);
  lock.unlock();
  if (next) watchdog_.arm(*next);
}

void Dispatcher::deal(Clock::time_point now) {
  if (stopping_) return;
  while (auto next = queue_.take(now, [this](const Job& job) { return core_for(job); })) {
    auto& core = cores_.at(next->core);
    turns_.take(next->core);
    core.has_turn = true;
    core.begin(std::move(next->job), now);
  }
}

std::optional<int> Dispatcher::core_for(const Job& job) const {
  if (job.claimed()) return std::nullopt;  // Its canceller is about to look for it.
  const bool all_lost =
      std::all_of(job.cores.begin(), job.cores.end(), [&](int id) { return cores_.at(id).lost(); });
  std::optional<int> best;
  for (const int id : job.cores) {
    const auto& core = cores_.at(id);
    if (!core.idle || !turns_.free(id) || (core.lost() && !all_lost)) continue;
    if (job.batch && job.batch->core.value_or(id) != id) continue;
    if (!best || core.started < cores_.at(*best).started) best = id;
  }
  return best;
}

void Dispatcher::end_turn(int id) {
  auto& core = cores_.at(id);
  if (std::exchange(core.has_turn, false)) turns_.give_back(id);
}

Deadline Dispatcher::expire(Clock::time_point now) {
  std::unique_lock lock(mutex_);
  const auto running = overrun(now);
  const auto waiting = stranded(now);
  deal(now);
  const auto next = next_deadline(now);
  lock.unlock();
  for (const auto& late : running) late.complete();
  for (const auto& late : waiting) {
    late.complete();
    late.job->release();  // It never ran: nobody else will let go of its tensors.
  }
  return next;
}

void Dispatcher::TimedOut::complete() const {
  const auto message = "NeuronCore " + std::to_string(core) + ", program '" + job->program + "' " + why;
  spdlog::warn("{}", message);
  job->complete(std::make_exception_ptr(TimeoutError(message)));
}

/// Claims what has run for too long.
std::vector<Dispatcher::TimedOut> Dispatcher::overrun(Clock::time_point now) {
  std::vector<TimedOut> late;
  for (auto& [id, core] : cores_) {
    if (!core.running || core.overdue_since || now < core.run_began + timeout_) continue;
    core.overdue_since = now;
    queue_.free_batch_of(id);
    end_turn(id);  // Others need not wait for what may never return.
    if (!core.running->claim()) continue;
    core.wake.notify_all();
    core.count_timeout(core.running->program);
    late.push_back({id, core.running,
                    "ran past " + std::to_string(timeout_.count()) +
                        " ms; raise NEURON_RT_EXEC_TIMEOUT (seconds) if it is just slow" + core.judge(true)});
  }
  return late;
}

/// Claims what would wait for ever and has done so for long enough.
std::vector<Dispatcher::TimedOut> Dispatcher::stranded(Clock::time_point now) {
  const auto gone = queue_.extract([&](Job& job) {
    const auto deadline = deadline_of(job);
    return deadline && now >= *deadline && job.claim();
  });
  std::vector<TimedOut> late;
  for (const auto& job : gone) {
    const int core = job->cores.front();
    cores_.at(core).count_timeout(job->program);
    late.push_back(
        {core, job,
         "waited " + std::to_string(timeout_.count()) + " ms behind a program that does not return"});
  }
  return late;
}

/// Of what waits for cores that are all overdue: it gets as long again, from when the last of them was known
/// to be.
Deadline Dispatcher::deadline_of(const Job& job) const {
  if (job.claimed()) return std::nullopt;
  auto since = job.submitted;
  for (const int id : job.cores) {
    const auto& core = cores_.at(id);
    if (!core.overdue_since) return std::nullopt;
    since = std::max(since, *core.overdue_since);
  }
  return since + timeout_;
}

Deadline Dispatcher::next_deadline(Clock::time_point now) {
  auto next = queue_.closes(now);
  for (const auto& [id, core] : cores_) {
    if (core.running && !core.overdue_since) bring_forward(next, core.run_began + timeout_);
  }
  for (const auto& job : queue_.jobs()) bring_forward(next, deadline_of(*job));
  return next;
}

void Dispatcher::list_program(int id, const std::string& program) {
  std::lock_guard lock(mutex_);
  cores_.at(id).programs[program];
}

CoreStatus Dispatcher::status(int id) const {
  std::lock_guard lock(mutex_);
  auto status = cores_.at(id).status(id);
  for (const auto& job : queue_.jobs()) {
    if (std::ranges::find(job->cores, id) == job->cores.end()) continue;
    ++status.total.queue_depth;
    for (auto& [name, counters] : status.programs) {
      if (name == job->program) ++counters.queue_depth;
    }
  }
  return status;
}

}  // namespace rcnn::engine
