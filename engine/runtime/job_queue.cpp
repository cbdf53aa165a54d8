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

int JobQueue::members(const Batch& batch) const {
  return static_cast<int>(
      std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->batch.get() == &batch; }));
}

/// Whether all frames that there are wait, in this batch or in another program's, so that nobody can join
/// before one of the batches runs; and this is the one that has waited longest.
bool JobQueue::stuck_behind(const Batch& batch) const {
  int waiting = 0;
  const Batch* oldest = nullptr;
  for (const auto& job : jobs_) {
    const auto* other = job->batch.get();
    if (other == nullptr || other->closed || other->group != batch.group) continue;
    ++waiting;
    if (oldest == nullptr) oldest = other;
  }
  return oldest == &batch && waiting >= batch.group->admitted;
}

bool JobQueue::open(Batch& batch, Clock::time_point now) const {
  batch.closed = batch.closed || now >= batch.deadline || stuck_behind(batch);
  return !batch.closed;
}

/// How long ago the job's stream had its turn: larger is longer, the largest is never.
std::size_t JobQueue::waited(const Job& job) const {
  const auto turn = std::find(served_.rbegin(), served_.rend(), job.execution.dispatch.stream);
  return static_cast<std::size_t>(turn - served_.rbegin());
}

/// Whether a job goes before one that came earlier.
bool JobQueue::goes_before(const Job& job, const Job& earlier) const {
  const Dispatch& mine = job.execution.dispatch;
  const Dispatch& other = earlier.execution.dispatch;
  if (mine.effective_priority() != other.effective_priority()) {
    return mine.effective_priority() > other.effective_priority();
  }
  return mine.policy == DispatchPolicy::kRoundRobin && other.policy == DispatchPolicy::kRoundRobin &&
         waited(job) > waited(earlier);
}

std::optional<JobQueue::Next> JobQueue::take(Clock::time_point now, const Chooser& core_for) {
  auto best = jobs_.end();
  std::optional<int> best_core;
  for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
    const auto& batch = (*job)->batch;
    if (batch && open(*batch, now)) continue;
    const auto core = core_for(**job);
    if (!core) continue;
    const bool rest = batch && batch->core;
    if (rest || best == jobs_.end() || goes_before(**job, **best)) {
      best = job;
      best_core = core;
    }
    if (rest) break;
  }
  if (best == jobs_.end()) return std::nullopt;
  Next next{std::move(*best), *best_core};
  jobs_.erase(best);
  if (const auto batch = std::exchange(next.job->batch, nullptr)) batch->core = next.core;
  note_turn(next.job->execution.dispatch.stream);
  return next;
}

void JobQueue::note_turn(std::uint64_t stream) {
  std::erase(served_, stream);
  served_.push_back(stream);
  if (served_.size() > kRememberedStreams) served_.pop_front();
}

std::optional<JobQueue::Clock::time_point> JobQueue::closes(Clock::time_point now) {
  std::optional<Clock::time_point> first;
  for (const auto& job : jobs_) {
    if (!job->batch || !open(*job->batch, now)) continue;
    first = first ? std::min(*first, job->batch->deadline) : job->batch->deadline;
  }
  return first;
}

void JobQueue::free_batch_of(int core) {
  for (const auto& job : jobs_) {
    if (job->batch && job->batch->core == core) job->batch.reset();
  }
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

}  // namespace rcnn::engine
