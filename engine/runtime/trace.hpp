// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// Something that began and ended: an operator, a program, a frame's stay in a stage.
struct TraceSpan {
  enum class Kind : std::uint8_t { kOperator, kProgram, kStage };
  using Clock = std::chrono::steady_clock;

  Kind kind = Kind::kOperator;
  std::string row;   ///< "NeuronCore 0", "host 1" (a thread), or the stage's element
  std::string name;  ///< The operator's module path, the program's name, or a stage's part: "RoIAlign"
  std::string op;    ///< Of operators: "Conv2d", "Reorder"
  std::string implementation{};  ///< Of operators: as Operator::implementation()
  std::string program{};         ///< Of operators: theirs
  bool on_core = false;          ///< Else on the host; of stages, whether what ran was a program
  Shape shape{};                 ///< Of operators: of the output
  std::uint64_t frame = 0;       ///< Of stages: the frame's number
  Clock::time_point began{};
  Clock::time_point ended{};
};

/// What programs and stages of the process took, while somebody wants to know. Off, it costs the asking of a
/// flag per program and stage.
///
/// Thread safety: thread-safe.
class Trace {
 public:
  static Trace& process();

  bool on() const noexcept { return on_.load(std::memory_order_relaxed); }
  /// Forgets what was kept and keeps spans from now on.
  void start();
  /// Keeps none any more. \returns those kept since start(), in the order of their ends. A program or stage
  /// that was under way at start() is left out.
  std::vector<TraceSpan> stop();
  /// Nothing while off.
  void add(TraceSpan span);
  void add(std::vector<TraceSpan> spans);

  /// The calling thread is this core's from now on.
  static void name_core(int id);
  /// Of the calling thread, which is a core's or "host N" by the order of asking.
  struct Thread {
    std::string row;
    bool on_core = false;
  };
  static const Thread& thread();

 private:
  std::atomic<bool> on_{false};
  std::mutex mutex_;  ///< Guards the spans
  TraceSpan::Clock::time_point began_{};
  std::vector<TraceSpan> spans_;
};

}  // namespace rcnn::engine
