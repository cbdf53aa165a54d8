// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/dispatch.hpp"
#include "engine/runtime/executable.hpp"

namespace rcnn::engine {

/// Settings of the emulated device, read once from the environment.
///
///   NEURON_RT_VISIBLE_CORES  "0-3", "1,3", "2": ids of the cores there are; wins over NEURON_RT_NUM_CORES
///   NEURON_RT_NUM_CORES      count; none of the three: CPUs that this process may use / threads per core
///   NEURONCORE_GROUP_SIZES   "1,1,2": sizes of groups of cores, deprecated; their sum is the count, unless
///                            one of the two above is set
///   NEURON_RT_EXEC_TIMEOUT   seconds a program may run (30)
///   NEURON_EMU_THREADS_PER_CORE (1), NEURON_EMU_CORE_MEMORY (MiB per core, 4096), NEURON_EMU_PIN (0/1),
///   NEURON_EMU_PRECISION (0/1), NEURON_EMU_ISA (obeyed by engine/simd, refused here where it is wrong)
///   NEURON_EMU_FAULT         "core:kind:every-n[,...]", kind = fail | stuck; "0:fail:10" fails each tenth
///                            execution
struct CoreSettings {
  struct Fault {
    int core = 0;
    std::string kind;
    int every = 1;
  };
  std::vector<int> cores;  ///< Ids, ascending, unique
  bool chosen = false;     ///< The environment says which or how many; else they are as many as CPUs suggest
  int threads_per_core = 1;
  /// That this process may use: no more programs run at once, in all, than so many CPUs have room for, at
  /// least one; the others wait in the queue for a turn. 0: any number of them.
  int cpus = 0;
  std::size_t memory_bytes = std::size_t{4096} << 20;
  bool pin = false;
  bool emulate_precision = false;  ///< LoadOptions, for all models
  std::chrono::milliseconds timeout{30000};
  std::vector<Fault> faults;
  /// What was asked for by an old name, and what to set instead; empty: nothing. CorePool::process() logs it.
  std::string deprecation;

  /// \throws SettingError naming the variable, its value and what is accepted.
  static CoreSettings from_environment();
};

/// "0-3", "1,3", "2" -> ids. Thread safety: reentrant, as the next two. \throws SettingError mentioning
/// `what` (a variable or property name).
std::vector<int> parse_cores(const std::string& text, const std::string& what);

/// The cores that a user chose by "cores": as parse_cores(), or none, which CorePool::load() takes for all,
/// where `text` is empty, "auto" or "AUTO" (as OpenVINO calls its device). \throws SettingError
std::vector<int> parse_core_choice(const std::string& text);

enum class Placement : std::uint8_t { kReplicate, kSplit };
/// "replicate" | "split". \throws SettingError
Placement parse_placement(const std::string& text);

/// Counters of one core or of one program on one core, since the process began.
struct CoreCounters {
  std::uint64_t executions = 0;  ///< Finished well
  std::uint64_t failures = 0;
  std::uint64_t timeouts = 0;
  std::size_t queue_depth = 0;         ///< Waiting now for this core or any other one that may run it
  std::chrono::nanoseconds busy{0};    ///< Up to now, with what runs
  std::array<double, 7> latency_ms{};  ///< p0 p1 p25 p50 p75 p99 p100 of execution time (of the last 1,024)
};
struct CoreStatus {
  int id = 0;
  CoreCounters total;
  std::vector<std::pair<std::string, CoreCounters>> programs;
  std::size_t memory_used = 0;
  std::size_t memory_total = 0;
  bool in_service = true;  ///< False after failures in a row: others are preferred until it does well again
};

/// A program that a core is asked to keep in its memory.
struct ResidentProgram {
  std::string name;           ///< "CONFIG PRECISION:PROGRAM", shown in messages and counters
  const void* key = nullptr;  ///< Identity of the weights: the same key twice counts once on a core
  std::size_t bytes = 0;      ///< Weights; scratch is added for the largest program of a core
  std::size_t scratch_bytes = 0;
};

/// One execution. Outputs and inputs stay valid while `keep_alive` lives; a late result is written there and
/// forgotten. The core drops all of this before it waits for the next execution.
struct Execution {
  std::shared_ptr<const Executable> executable;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  std::shared_ptr<const void> keep_alive;
  Dispatch dispatch;
  /// Called on the core's thread just before it runs, unless the execution is complete by then; may be empty.
  /// Fills in what is better not held while waiting in the queue (outputs, mostly: features are 55 MB a
  /// frame). What it throws fails this execution.
  std::function<void(Execution&)> prepare;
  /// Called exactly once, from the core's thread, the watchdog's or the canceller's: null = done, else
  /// DeviceError, TimeoutError or CancelledError. Must be short and must not throw.
  std::function<void(std::exception_ptr)> done;
};

/// Handle of a submitted execution. cancel() completes it at once with CancelledError unless it is complete;
/// it never waits for the core. Thread safety: thread-safe.
class ExecutionTicket {
 public:
  virtual ~ExecutionTicket() = default;
  virtual void cancel() = 0;
};

/// Programs kept resident on a set of cores; dropping the last reference unloads them.
/// Thread safety: thread-safe.
class LoadedPrograms {
 public:
  virtual ~LoadedPrograms() = default;
  /// Queues for the cores that hold the program: whichever is free first runs it, of several the one with the
  /// fewest executions so far (ties: the lowest id).
  virtual std::shared_ptr<ExecutionTicket> submit(std::size_t program, Execution execution) = 0;
  /// Announces a frame that is going to submit executions in batches, until the token goes: batches of these
  /// programs, and of equal ones that others loaded onto the same cores, wait for no more than are announced.
  virtual std::shared_ptr<const void> admit() = 0;
  /// Core ids in use.
  virtual std::vector<int> cores() const = 0;
};

/// The NeuronCores of this process. Each core is one thread (plus its OpenMP team); one program runs at a
/// time. What waits for them waits in one queue, served as DispatchPolicy says: an execution is given to a
/// core when that begins it. A watchdog thread completes executions that run past the timeout; the core is
/// free again when the program returns. A core that failed five times in a row is out of service, which the
/// log and the last failure's message say: it runs nothing that another core may do, as long as one of those
/// does well and is not overdue. What waits for cores that are all overdue times out too.
///
/// Where there are more cores than CPUs for them, programs take turns on these (CoreSettings::cpus): what
/// waits for a CPU waits in the queue, is counted there, may be cancelled, and its time to run has not begun.
/// A program that is overdue gives its turn away.
///
/// Thread safety: thread-safe. Core threads start at first load, never per frame.
class CorePool {
 public:
  explicit CorePool(CoreSettings settings);
  /// Completes what waits or runs with CancelledError, then waits for the cores, though for no more than a
  /// few seconds: a program that never returns keeps its thread.
  ~CorePool();
  CorePool(const CorePool&) = delete;
  CorePool& operator=(const CorePool&) = delete;

  /// The one pool of this process, made from the environment on first use; closed at exit, never destroyed.
  /// \throws SettingError
  static CorePool& process();

  const CoreSettings& settings() const;

  /// Places programs on the cores named (empty = all): every program on every core, or dealt out in turn.
  /// \throws SettingError if a core does not exist (names those that do);
  ///         DeviceError if a core's memory does not suffice (names what is resident and how much is
  ///         missing).
  std::shared_ptr<LoadedPrograms> load(std::vector<ResidentProgram> programs, const std::vector<int>& cores,
                                       Placement placement);

  std::vector<CoreStatus> status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rcnn::engine
