// SPDX-License-Identifier: MIT
#include "engine/runtime/job_queue.hpp"

#include <algorithm>
#include <utility>

namespace rcnn::engine {
namespace {

// Streams come and go: of those served longer ago than this many others, none is kept in mind.
constexpr std::size_t kRememberedStreams = 256;

}  // namespace

std::uint64_t new_stream_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void JobQueue::push(std::shared_ptr<Job> job, std::shared_ptr<const BatchGroup> group) {
  const Dispatch& wish = job->execution.dispatch;
  if (group && wish.batch_size > 1) {
    const auto deadline = job->submitted + wish.batch_timeout;
    const auto sibling = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& other) {
      return other->batch && !other->batch->closed && other->batch->group == group &&
             other->program == job->program;
    });
    if (sibling != jobs_.end()) {
      job->batch = (*sibling)->batch;
      job->batch->most = std::min(job->batch->most, wish.batch_size);
      job->batch->deadline = std::min(job->batch->deadline, deadline);
    } else {
      job->batch = std::make_shared<Batch>(Batch{std::move(group), wish.batch_size, deadline});
    }
    // Seen now, before another one joins: the core may look at its queue late.
    job->batch->closed = members(*job->batch) + 1 >= job->batch->most;
  }
  jobs_.push_back(std::move(job));
}

bool JobQueue::collects(const BatchGroup& group, const std::string& program) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& job) {
    return job->batch && !job->batch->closed && job->batch->group.get() == &group && job->program == program;
  });
}

int JobQueue::members(const Batch& batch) const {
  return static_cast<int>(
      std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->batch.get() == &batch; }));
}

bool JobQueue::open(Batch& batch, Clock::time_point now) const {
  batch.closed = batch.closed || now >= batch.deadline || members(batch) >= batch.group->admitted;
  return !batch.closed;
}

/// How long ago the job's stream had its turn: larger is longer, the largest is never.
std::size_t JobQueue::waited(const Job& job) const {
  const auto turn = std::find(served_.rbegin(), served_.rend(), job.execution.dispatch.stream);
  return static_cast<std::size_t>(turn - served_.rbegin());
}

JobQueue::Place JobQueue::choose(Clock::time_point now, std::optional<Clock::time_point>& when) {
  auto best = jobs_.end();
  for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
    if (running_ && (*job)->batch == running_) return job;
    if ((*job)->batch && open(*(*job)->batch, now)) {
      when = when ? std::min(*when, (*job)->batch->deadline) : (*job)->batch->deadline;
      continue;
    }
    const Dispatch& mine = (*job)->execution.dispatch;
    if (best == jobs_.end()) {
      best = job;
      continue;
    }
    const Dispatch& other = (*best)->execution.dispatch;
    const bool higher = mine.effective_priority() > other.effective_priority();
    const bool in_turn = mine.effective_priority() == other.effective_priority() &&
                         mine.policy == DispatchPolicy::kRoundRobin &&
                         other.policy == DispatchPolicy::kRoundRobin && waited(**job) > waited(**best);
    if (higher || in_turn) best = job;
  }
  return best;
}

std::optional<JobQueue::Clock::time_point> JobQueue::ready_at(Clock::time_point now) {
  std::optional<Clock::time_point> when;
  return choose(now, when) != jobs_.end() ? now : when;
}

std::shared_ptr<Job> JobQueue::take(Clock::time_point now) {
  std::optional<Clock::time_point> when;
  const auto place = choose(now, when);
  if (place == jobs_.end()) return nullptr;
  auto job = std::move(*place);
  jobs_.erase(place);
  running_ = std::exchange(job->batch, nullptr);
  const auto stream = job->execution.dispatch.stream;
  std::erase(served_, stream);
  served_.push_back(stream);
  if (served_.size() > kRememberedStreams) served_.pop_front();
  return job;
}

std::vector<std::shared_ptr<Job>> JobQueue::extract(const std::function<bool(Job&)>& leaves) {
  std::vector<std::shared_ptr<Job>> left;
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (leaves(**job)) {
      (*job)->batch.reset();
      left.push_back(std::move(*job));
      job = jobs_.erase(job);
    } else {
      ++job;
    }
  }
  return left;
}

std::size_t JobQueue::count(const std::string& program) const {
  return static_cast<std::size_t>(
      std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->program == program; }));
}

}  // namespace rcnn::engine
