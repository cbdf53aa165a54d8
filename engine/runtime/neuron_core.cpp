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

NeuronCore::NeuronCore(int id, const CoreSettings& settings, std::shared_ptr<Dispatcher> dispatcher)
    : id_(id),
      threads_(settings.threads_per_core),
      pin_(settings.pin),
      faults_(settings.faults),
      dispatcher_(std::move(dispatcher)),
      memory_(id, settings.memory_bytes) {}

void NeuronCore::start() {
  std::lock_guard lock(mutex_);
  if (!std::exchange(may_start_, false)) return;
  dispatcher_->open(id_);  // However long the thread takes to come.
  // The thread shares ownership, so that one which outlives join() still stands on solid ground.
  thread_ = std::thread([self = shared_from_this()] { self->work(); });
}

void NeuronCore::join(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  may_start_ = false;
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

CoreStatus NeuronCore::status() const {
  auto status = dispatcher_->status(id_);
  std::lock_guard lock(mutex_);
  status.memory_used = memory_.used();
  status.memory_total = memory_.total();
  return status;
}

void NeuronCore::require_memory(std::span<const ResidentProgram> programs) const {
  std::lock_guard lock(mutex_);
  memory_.require(programs);
}

void NeuronCore::add_resident(std::span<const ResidentProgram> programs) {
  for (const auto& program : programs) dispatcher_->list_program(id_, program.name);
  std::lock_guard lock(mutex_);
  memory_.add(programs);
}

void NeuronCore::remove_resident(std::span<const ResidentProgram> programs) {
  std::lock_guard lock(mutex_);
  memory_.remove(programs);
  trim_ = memory_.empty();
  trim();
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
  while (const auto job = dispatcher_->next(id_)) run(*job);
  std::lock_guard lock(mutex_);
  exited_ = true;
  exited_changed_.notify_all();
}

void NeuronCore::run(Job& job) {
  auto error = job.claimed() ? nullptr : execute(job);
  leave_arena();
  const bool mine = job.claim();
  // Before its completion is told, which may take its time.
  const auto notice = dispatcher_->finished(id_, mine, error != nullptr);
  if (!notice.empty()) {
    spdlog::warn("NeuronCore {}{}", id_, notice);
    if (error) error = with_notice(error, notice);
  }
  if (mine) job.complete(error);
  job.release();
}

std::string NeuronCore::next_fault() {
  ++begun_;
  for (const auto& fault : faults_) {
    if (fault.core == id_ && begun_ % static_cast<std::uint64_t>(fault.every) == 0) return fault.kind;
  }
  return {};
}

std::exception_ptr NeuronCore::execute(Job& job) {
  try {
    const auto fault = next_fault();
    if (fault == "stuck") dispatcher_->hang(id_);
    if (!fault.empty()) throw DeviceError("failure injected by NEURON_EMU_FAULT (" + fault + ")");
    auto& execution = job.execution;
    if (execution.prepare) execution.prepare(execution);
    const auto arena = enter_arena(job);
    execution.executable->run(execution.inputs, execution.outputs, arena);
    return nullptr;
  } catch (const std::exception& error) {
    return std::make_exception_ptr(DeviceError(where(id_, job.program) + ": " + error.what()));
  } catch (...) {
    return std::make_exception_ptr(DeviceError(where(id_, job.program) + ": unknown failure"));
  }
}

std::span<std::byte> NeuronCore::enter_arena(const Job& job) {
  const auto bytes = job.execution.executable->scratch_bytes();
  std::lock_guard lock(mutex_);
  in_arena_ = true;
  if (arena_.data() == nullptr || arena_.spec().bytes() < bytes) {
    memory_.grow_arena(job.program, bytes);
    arena_ = Tensor();  // The old one goes first: both at once would be the peak.
    arena_ = Tensor({"scratch", {static_cast<std::int64_t>(bytes)}, DType::kU8, Layout::kRowMajor});
  }
  return {static_cast<std::byte*>(arena_.data()), arena_.spec().bytes()};
}

void NeuronCore::leave_arena() {
  std::lock_guard lock(mutex_);
  in_arena_ = false;
  trim();
}

void NeuronCore::trim() {
  if (!trim_ || in_arena_) return;
  trim_ = false;
  arena_ = Tensor();
  memory_.drop_arena();
}

}  // namespace rcnn::engine
