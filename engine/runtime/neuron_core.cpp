// SPDX-License-Identifier: MIT
#include "engine/runtime/neuron_core.hpp"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/errors.hpp"
#include "engine/runtime/out_of_service.hpp"
#include "engine/runtime/trace.hpp"

namespace rcnn::engine {
namespace {

std::string where(int core, const std::string& program) {
  return "NeuronCore " + std::to_string(core) + ", program '" + program + "'";
}

/// The failure that took a core out of service, with the notice of it.
std::exception_ptr with_notice(const std::exception_ptr& error, const std::string& notice) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return std::make_exception_ptr(OutOfServiceError(exception.what() + notice));
  }
}

bool any_job(const Job&) { return true; }

/// Binds the calling thread, and so the team it will start, to the core's share of the CPUs it may use.
void pin_to_share(int core, int threads) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  cpu_set_t share;
  CPU_ZERO(&share);
  for (int i = 0; i < threads; ++i) {
    CPU_SET(cpus[static_cast<std::size_t>(core * threads + i) % cpus.size()], &share);
  }
  if (pthread_setaffinity_np(pthread_self(), sizeof(share), &share) != 0) {
    spdlog::warn("NEURON_EMU_PIN=1: NeuronCore {} could not be bound to its CPUs; it runs unbound", core);
  }
}

}  // namespace

NeuronCore::NeuronCore(int id, const CoreSettings& settings, std::function<void()> started,
                       std::shared_ptr<CpuTurns> turns)
    : id_(id),
      threads_(settings.threads_per_core),
      pin_(settings.pin),
      timeout_(settings.timeout),
      faults_(settings.faults),
      started_callback_(std::move(started)),
      turns_(std::move(turns)),
      memory_(id, settings.memory_bytes) {}

void NeuronCore::start() {
  std::lock_guard lock(mutex_);
  // The thread shares ownership, so that one which outlives stop() still stands on solid ground.
  if (!thread_.joinable() && !stopping_) thread_ = std::thread([self = shared_from_this()] { self->work(); });
}

void NeuronCore::stop(Clock::time_point deadline) {
  std::vector<std::shared_ptr<Job>> waiting;
  std::shared_ptr<Job> running;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting = queue_.extract(any_job);
    // Claimed before the core's thread can see that it is to stop, lest it completes the job with what it
    // then meets.
    if (running_ && running_->claim()) running = running_;
    wake_.notify_all();
  }
  if (turns_) turns_->look_again();
  if (running) running->complete(cancelled_error());
  for (const auto& job : waiting) {
    if (job->claim()) job->complete(cancelled_error());
    job->release();
  }
  std::unique_lock lock(mutex_);
  if (!thread_.joinable()) return;
  const bool exited = exited_changed_.wait_until(lock, deadline, [this] { return exited_; });
  lock.unlock();
  if (exited) {
    thread_.join();
  } else {
    spdlog::warn("NeuronCore {} still runs a program at the end; its thread is left behind", id_);
    thread_.detach();
  }
}

std::shared_ptr<Job> NeuronCore::submit(const std::string& program, Execution execution) {
  const auto queued = queue(program, std::move(execution));
  settle(queued);
  return queued.job;
}

NeuronCore::Queued NeuronCore::queue(const std::string& program, Execution execution,
                                     std::shared_ptr<const BatchGroup> group, Job::Mover mover) {
  return queue(std::make_shared<Job>(program, std::move(execution), std::move(mover)), std::move(group));
}

NeuronCore::Queued NeuronCore::queue(std::shared_ptr<Job> job, std::shared_ptr<const BatchGroup> group) {
  Queued queued{std::move(job)};
  std::lock_guard lock(mutex_);
  queued.accepted = !stopping_;
  queued.job->set_core(weak_from_this());
  if (queued.accepted) queue_.push(queued.job, std::move(group));
  wake_.notify_all();
  return queued;
}

void NeuronCore::settle(const Queued& queued) {
  if (queued.accepted) return started_callback_();
  if (queued.job->claim()) {
    queued.job->complete(
        std::make_exception_ptr(DeviceError(where(id_, queued.job->program) + ": the core pool is closed")));
  }
  queued.job->release();
}

void NeuronCore::give_away() {
  std::vector<std::shared_ptr<Job>> leaving;
  {
    std::lock_guard lock(mutex_);
    if (!lost()) return;
    leaving = queue_.extract(any_job);
  }
  for (const auto& job : leaving) {
    if (!Job::move(job)) settle(queue(job));
  }
}

void NeuronCore::forget(const Job& job) {
  std::unique_lock lock(mutex_);
  const auto dropped = queue_.extract([&](const Job& other) { return &other == &job; });
  wake_.notify_all();
  lock.unlock();
  for (const auto& found : dropped) found->release();
}

bool NeuronCore::collects(const BatchGroup& group, const std::string& program) const {
  std::lock_guard lock(mutex_);
  return !lost() && queue_.collects(group, program);
}

void NeuronCore::look_again() {
  std::lock_guard lock(mutex_);
  wake_.notify_all();
}

NeuronCore::Load NeuronCore::load() const {
  std::lock_guard lock(mutex_);
  return {lost(), queue_.size() + (running_ ? 1 : 0), started_};
}

std::optional<NeuronCore::Clock::time_point> NeuronCore::expire(Clock::time_point now) {
  std::shared_ptr<Job> overrun;
  CpuTurns::Turn turn;  // Others need not wait for what may never return.
  std::vector<std::shared_ptr<Job>> stranded;
  std::optional<Clock::time_point> next;
  std::string notice;
  {
    std::lock_guard lock(mutex_);
    if (!running_) return std::nullopt;
    const auto count = [&](const Job& job) {
      total_.timed_out();
      recorder(job.program).timed_out();
    };
    if (!overdue_since_ && now < run_began_ + timeout_) return run_began_ + timeout_;
    if (!overdue_since_) {
      overdue_since_ = now;
      turn = std::move(turn_);
      if (running_->claim()) {
        overrun = running_;
        count(*overrun);
        notice = judge(true);
      }
    }
    // Those behind it would wait for ever: each gets as long again, from when the core was known to be lost.
    stranded = queue_.extract([&](Job& job) {
      const auto deadline = std::max(job.submitted, *overdue_since_) + timeout_;
      if (now < deadline) {
        next = next ? std::min(*next, deadline) : deadline;
        return false;
      }
      if (!job.claim()) return false;  // Its canceller is about to look for it here.
      count(job);
      return true;
    });
    wake_.notify_all();
  }
  if (overrun) {
    time_out(*overrun, "ran past " + std::to_string(timeout_.count()) +
                           " ms; raise NEURON_RT_EXEC_TIMEOUT (seconds) if it is just slow" + notice);
  }
  for (const auto& job : stranded) {
    time_out(*job,
             "waited " + std::to_string(timeout_.count()) + " ms behind a program that does not return");
    job->release();  // It never ran: nobody else will let go of its tensors.
  }
  return next;
}

void NeuronCore::time_out(Job& job, const std::string& what) const {
  const auto message = where(id_, job.program) + " " + what;
  spdlog::warn("{}", message);
  job.complete(std::make_exception_ptr(TimeoutError(message)));
}

CoreStatus NeuronCore::status() const {
  std::lock_guard lock(mutex_);
  CoreStatus status;
  status.id = id_;
  status.total = total_.snapshot();
  const auto running_for = running_ ? Clock::now() - run_began_ : Clock::duration{0};
  status.total.busy += running_for;
  status.total.queue_depth = queue_.size();
  for (const auto& [name, counters] : programs_) {
    auto snapshot = counters.snapshot();
    snapshot.queue_depth = queue_.count(name);
    if (running_ && running_->program == name) snapshot.busy += running_for;
    status.programs.emplace_back(name, std::move(snapshot));
  }
  status.memory_used = memory_.used();
  status.memory_total = memory_.total();
  status.in_service = !out_of_service();
  return status;
}

void NeuronCore::require_memory(std::span<const ResidentProgram> programs) const {
  std::lock_guard lock(mutex_);
  memory_.require(programs);
}

void NeuronCore::add_resident(std::span<const ResidentProgram> programs) {
  std::lock_guard lock(mutex_);
  memory_.add(programs);
  for (const auto& program : programs) recorder(program.name);  // Shown with zeros from now on.
}

void NeuronCore::remove_resident(std::span<const ResidentProgram> programs) {
  std::lock_guard lock(mutex_);
  memory_.remove(programs);
  trim_ = memory_.empty();
  wake_.notify_all();
}

std::size_t NeuronCore::memory_used() const {
  std::lock_guard lock(mutex_);
  return memory_.used();
}

void NeuronCore::set_up_thread() const {
  pthread_setname_np(pthread_self(), ("neuron-core-" + std::to_string(id_)).c_str());
  Trace::name_core(id_);
  if (pin_) pin_to_share(id_, threads_);
  // OpenMP's setting belongs to the calling thread: oneDNN, called from here, then uses just this many.
  omp_set_num_threads(threads_);
}

void NeuronCore::work() {
  set_up_thread();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (trim_ && queue_.empty()) {
      trim_ = false;
      arena_ = Tensor();
      memory_.drop_arena();
    }
    const auto now = Clock::now();
    const auto when = queue_.ready_at(now);
    if (!when) {
      wake_.wait(lock);
    } else if (*when > now) {
      wake_.wait_until(lock, *when);
    } else if (wait_for_turn(lock)) {
      if (auto job = queue_.take(Clock::now())) run(std::move(job), lock);
      end_turn(lock);
    }
  }
  exited_ = true;
  exited_changed_.notify_all();
}

/// False once the core stops. What waits may have been taken away meanwhile.
bool NeuronCore::wait_for_turn(std::unique_lock<std::mutex>& lock) {
  if (!turns_) return true;
  lock.unlock();
  auto turn = CpuTurns::take(turns_, stopping_);
  lock.lock();
  turn_ = std::move(turn);
  return static_cast<bool>(turn_);
}

void NeuronCore::end_turn(std::unique_lock<std::mutex>& lock) {
  auto turn = std::move(turn_);
  lock.unlock();
  turn.end();
  lock.lock();
}

void NeuronCore::run(std::shared_ptr<Job> job, std::unique_lock<std::mutex>& lock) {
  if (job->claimed()) {  // Cancelled just now; its canceller is about to look for it here.
    lock.unlock();
    job->release();
    lock.lock();
    return;
  }
  running_ = job;
  run_began_ = Clock::now();
  ++started_;
  const auto fault = next_fault();
  lock.unlock();
  started_callback_();
  auto error = execute(*job, fault);
  const auto took = Clock::now() - run_began_;
  const bool mine = job->claim();
  lock.lock();
  record(*job, took, mine, error != nullptr);
  const auto notice = mine ? judge(error != nullptr) : "";
  running_.reset();
  overdue_since_.reset();
  end_turn(lock);  // Before its completion is told, which may take its time.
  lock.unlock();
  if (!notice.empty()) {
    spdlog::warn("NeuronCore {}{}", id_, notice);
    if (error) error = with_notice(error, notice);
  }
  if (mine) job->complete(error);
  job->release();
  if (!notice.empty()) give_away();
  lock.lock();
}

/// Counts failures in a row. \returns what there is to announce, as the end of a sentence about this core.
std::string NeuronCore::judge(bool failed) {
  const bool was_out = out_of_service();
  failed_in_row_ = failed ? failed_in_row_ + 1 : 0;
  if (out_of_service() == was_out) return "";
  if (was_out) return ": in service again";
  return ": out of service after " + std::to_string(kFailuresInRow) +
         " failures in a row; its work goes to other cores as long as one of them does better";
}

std::string NeuronCore::next_fault() {
  for (const auto& fault : faults_) {
    if (fault.core == id_ && started_ % static_cast<std::uint64_t>(fault.every) == 0) return fault.kind;
  }
  return {};
}

std::exception_ptr NeuronCore::execute(Job& job, const std::string& fault) {
  try {
    if (fault == "stuck") {
      std::unique_lock lock(mutex_);
      end_turn(lock);  // A device that hangs takes no CPU.
      wake_.wait(lock, [&] { return stopping_ || job.claimed(); });
    }
    if (!fault.empty()) throw DeviceError("failure injected by NEURON_EMU_FAULT (" + fault + ")");
    auto& execution = job.execution;
    if (execution.prepare) execution.prepare(execution);
    const auto arena = arena_of(job);
    execution.executable->run(execution.inputs, execution.outputs, arena);
    return nullptr;
  } catch (const std::exception& error) {
    return std::make_exception_ptr(DeviceError(where(id_, job.program) + ": " + error.what()));
  } catch (...) {
    return std::make_exception_ptr(DeviceError(where(id_, job.program) + ": unknown failure"));
  }
}

std::span<std::byte> NeuronCore::arena_of(const Job& job) {
  const auto bytes = job.execution.executable->scratch_bytes();
  if (arena_.data() == nullptr || arena_.spec().bytes() < bytes) {
    {
      std::lock_guard lock(mutex_);
      memory_.grow_arena(job.program, bytes);
    }
    arena_ = Tensor();  // The old one goes first: both at once would be the peak.
    arena_ = Tensor({"scratch", {static_cast<std::int64_t>(bytes)}, DType::kU8, Layout::kRowMajor});
  }
  return {static_cast<std::byte*>(arena_.data()), arena_.spec().bytes()};
}

void NeuronCore::record(const Job& job, std::chrono::nanoseconds took, bool mine, bool failed) {
  for (auto* counters : {&total_, &recorder(job.program)}) {
    counters->occupied(took);
    if (mine && failed) counters->failed();
    if (mine && !failed) counters->finished(took);
  }
}

}  // namespace rcnn::engine
