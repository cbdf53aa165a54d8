// SPDX-License-Identifier: MIT
#include "engine/runtime/conv2d_picks.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "engine/ops/platform.hpp"
#include "engine/runtime/thread_count.hpp"

namespace rcnn::engine {

Conv2dPicks::Conv2dPicks(Conv2dCostFile file, Measure measure)
    : file_(std::move(file)), measure_(std::move(measure)), table_(file_.load()) {}

Conv2dPicks& Conv2dPicks::process() {
  static Conv2dPicks picks([] {
    const auto name = platform();
    return Conv2dCostFile(Conv2dCostFile::default_path(name), name);
  }());
  return picks;
}

const Conv2dCosts& Conv2dPicks::costs_of(const Conv2dClass& shape) {
  if (const auto found = table_.find(shape); found != table_.end()) return found->second;
  const auto begin = std::chrono::steady_clock::now();
  const auto measured = measure_(shape);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  spdlog::debug("3x3 convolutions {} -> {}, {}: measured in {:.0f} ms", shape.in_channels, shape.out_channels,
                to_string(shape.dtype), took.count());
  // Another process may have been first: then its costs count, as they will for every later one.
  return table_.emplace(shape, file_.add({{shape, measured}}).at(shape)).first->second;
}

Conv2dAlgorithm Conv2dPicks::pick(const Conv2dParams& params, const Format& source, const Format* summand) {
  const auto blocked = winograd_source(params, source, summand);
  if (!blocked) return Conv2dAlgorithm::kDirect;
  const auto shape = source.shape();
  const auto dtype = size_of(blocked->dtype()) == 1 ? DType::kU8 : blocked->dtype();
  const std::lock_guard lock(mutex_);
  const auto& costs = costs_of({shape[1], params.out_channels, channel_block(blocked->layout().value()),
                                ThreadCount::current(), dtype});
  return quickest(costs, 1, shape[2], shape[3]);
}

Conv2dCosts Conv2dPicks::costs(const Conv2dClass& shape) {
  const std::lock_guard lock(mutex_);
  return costs_of(shape);
}

Conv2dCostTable Conv2dPicks::known() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

}  // namespace rcnn::engine
