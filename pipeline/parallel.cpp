// SPDX-License-Identifier: MIT
#include "pipeline/parallel.hpp"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <utility>

#include "pipeline/handover.hpp"

namespace rcnn::pipeline {
namespace {

/// Threads that call in from outside never take part, so all N threads of the arena are TBB workers; TBB by
/// itself would start one fewer than there are CPUs (none on one CPU, where a graph would then never run).
struct Arena {
  const int workers = std::max(1, tbb::info::default_concurrency());
  const tbb::global_control allowed{tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(workers) + 1};
  tbb::task_arena arena{workers, 0};
};

Arena& process_arena() {
  static auto* const arena = new Arena;  // Never destroyed: graphs may still drain while static objects go.
  return *arena;
}

/// A part of [0, count) and what is to be done with it: TBB's blocked_range, but it hands itself over. TBB
/// copies it into the task that another thread steals, after the last hand_over() that our own bodies could
/// make.
class Piece {
 public:
  using Body = std::function<void(std::size_t, std::size_t)>;

  Piece(std::size_t count, std::size_t grain, const Body& body) : end_(count), grain_(grain), body_(&body) {}
  Piece(const Piece& other)
      : begin_(other.begin_), end_(other.end_), grain_(other.grain_), body_(other.body_) {
    hand_over();
  }
  Piece(Piece& whole, tbb::split)
      : begin_(whole.begin_ + (whole.end_ - whole.begin_) / 2),
        end_(std::exchange(whole.end_, begin_)),
        grain_(whole.grain_),
        body_(whole.body_) {
    hand_over();
  }
  Piece& operator=(const Piece&) = delete;

  bool empty() const {
    take_over();
    return begin_ == end_;
  }
  bool is_divisible() const {
    take_over();
    return end_ - begin_ > grain_;
  }
  void run() const {
    const HandedWork work;
    (*body_)(begin_, end_);
  }

 private:
  std::size_t begin_ = 0;
  std::size_t end_;
  std::size_t grain_;
  const Body* body_;
};

}  // namespace

void run_in_arena(const std::function<void()>& body) {
  const auto handed = [&body] {
    const HandedWork work;
    body();
  };
  const HandingOut call;
  process_arena().arena.execute(handed);
}

void enqueue_in_arena(std::function<void()> body) {
  hand_over();
  process_arena().arena.enqueue([body = std::move(body)] {
    const HandedWork work;
    body();
  });
}

void parallel_ranges(std::size_t count, std::size_t grain,
                     const std::function<void(std::size_t, std::size_t)>& body) {
  if (count == 0) return;
  run_in_arena([&] {
    // Isolated: while it waits for the last piece, this thread must not begin a whole stage of another frame.
    tbb::this_task_arena::isolate([&] {
      const Piece whole(count, std::max<std::size_t>(1, grain), body);
      const HandingOut call;
      tbb::parallel_for(whole, [](const Piece& piece) { piece.run(); });
    });
  });
}

}  // namespace rcnn::pipeline
