// SPDX-License-Identifier: MIT
#include "engine/runtime/trace.hpp"

#include <algorithm>
#include <utility>

namespace rcnn::engine {
namespace {

Trace::Thread& own() {
  thread_local Trace::Thread thread;
  return thread;
}

}  // namespace

Trace& Trace::process() {
  static Trace trace;
  return trace;
}

void Trace::start() {
  std::lock_guard lock(mutex_);
  spans_.clear();
  began_ = TraceSpan::Clock::now();
  on_.store(true, std::memory_order_relaxed);
}

std::vector<TraceSpan> Trace::stop() {
  std::lock_guard lock(mutex_);
  on_.store(false, std::memory_order_relaxed);
  auto spans = std::exchange(spans_, {});
  std::ranges::stable_sort(spans, {}, &TraceSpan::ended);
  return spans;
}

void Trace::add(TraceSpan span) {
  std::lock_guard lock(mutex_);
  if (on() && span.began >= began_) spans_.push_back(std::move(span));
}

void Trace::add(std::vector<TraceSpan> spans) {
  for (auto& span : spans) add(std::move(span));
}

void Trace::name_core(int id) { own() = {"NeuronCore " + std::to_string(id), true}; }

const Trace::Thread& Trace::thread() {
  static std::atomic<int> hosts{0};
  auto& thread = own();
  if (thread.row.empty()) thread.row = "host " + std::to_string(++hosts);
  return thread;
}

}  // namespace rcnn::engine
