// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include "engine/image/resize.hpp"
#include "pipeline/frame.hpp"

namespace rcnn::pipeline {

/// What travels beside a frame and means nothing to the pipeline: a buffer, an event, a query.
/// Thread safety: thread-bound: it is handed from thread to thread.
class Payload {
 public:
  virtual ~Payload() = default;
  /// Pixels for the preprocess stage; valid while the payload lives.
  virtual std::optional<engine::ImageView> pixels() { return std::nullopt; }
  /// Called on a TBB worker once the last stage of the graph has run well; `postprocess-overlay` draws here.
  /// What it throws becomes the item's error.
  virtual void finish(const Frame&) {}
};

class Epoch;

/// One place in the order: a frame with its payload, or only a payload (a serialized event).
struct Item {
  std::shared_ptr<Frame> frame;  ///< Null for events
  std::unique_ptr<Payload> payload;
  std::exception_ptr error;  ///< Why this frame has no result; it keeps its place

  std::uint64_t number = 0;      ///< Set by push()
  std::shared_ptr<Epoch> epoch;  ///< Set while inside
  std::chrono::steady_clock::time_point entered;
};

/// Figures since construction.
struct GraphCounters {
  std::uint64_t in = 0;              ///< Frames accepted
  std::uint64_t out = 0;             ///< Frames popped
  std::uint64_t failed = 0;          ///< of `out`, with an error
  int inside = 0;                    ///< Items accepted and not yet popped
  std::uint64_t latency_p50_ns = 0;  ///< Entry to leaving the reorder, last 1,024 frames
  std::uint64_t latency_p95_ns = 0;
  std::uint64_t latency_p99_ns = 0;
};

/// One stage (an element) or several in a row (`neuronrcnn`, the program) as a TBB flow graph:
/// push -> host stages (function_node) and core stages (async_node) -> reorder by number -> pop.
/// Nothing is pushed onward by a TBB worker or a core's thread: the owner's thread calls pop().
///
/// No exception leaves a node: it is stored in the item, which then skips the remaining stages and keeps its
/// place.
///
/// A graph is born live, its first epoch begun. Events and frames that arrive with an error skip the stages
/// and keep their place.
///
/// Thread safety: thread-safe. push() from one thread at a time, pop() from one thread at a time.
class StageGraph {
 public:
  struct Options {
    StageId first = StageId::kPreprocess;
    StageId last = StageId::kPostprocess;
    int max_items = 68;  ///< max-in-flight + 64: items inside, events included
  };
  explicit StageGraph(Options options);
  /// Flushes and drains (never waits for a core: pending executions are cancelled).
  ~StageGraph();
  StageGraph(const StageGraph&) = delete;
  StageGraph& operator=(const StageGraph&) = delete;

  /// Gives the item the next number. Waits while max_items are inside; false (item destroyed) once flushing.
  bool push(std::unique_ptr<Item> item);
  /// The next item in order; waits for it. Null once flushing.
  std::unique_ptr<Item> pop();
  /// Kills the epoch: waiting calls return, items inside are discarded, cores' executions are cancelled. Does
  /// not wait.
  void flush();
  /// Begins a new, empty epoch with number 0; flushes first if that was not done.
  void restart();
  /// Waits until everything accepted so far was popped and its owner called popped(); false once flushing.
  /// Call it from another thread than the one that pops.
  bool wait_drained();
  /// The owner has done (pushed) what pop() gave last; wait_drained() counts on it.
  void popped();

  /// Threshold of the postprocess stage; < 0 = the model's own. Takes effect with the next frame that reaches
  /// it.
  void set_score_threshold(float threshold);

  GraphCounters counters() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rcnn::pipeline
