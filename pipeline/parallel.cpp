// SPDX-License-Identifier: MIT
#include "pipeline/parallel.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

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

}  // namespace

void run_in_arena(const std::function<void()>& body) {
  const auto handed = [&body] {
    const HandedWork work;
    body();
  };
  const HandingOut call;
  process_arena().arena.execute(handed);
}

void parallel_ranges(std::size_t count, std::size_t grain,
                     const std::function<void(std::size_t, std::size_t)>& body) {
  if (count == 0) return;
  run_in_arena([&] {
    // Isolated: while it waits for the last piece, this thread must not begin a whole stage of another frame.
    tbb::this_task_arena::isolate([&] {
      const tbb::blocked_range<std::size_t> range(0, count, std::max<std::size_t>(1, grain));
      const HandingOut call;
      tbb::parallel_for(range, [&body](const tbb::blocked_range<std::size_t>& piece) {
        const HandedWork work;
        body(piece.begin(), piece.end());
      });
    });
  });
}

}  // namespace rcnn::pipeline
