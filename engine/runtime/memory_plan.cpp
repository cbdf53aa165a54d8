// SPDX-License-Identifier: MIT
#include "engine/runtime/memory_plan.hpp"

#include <algorithm>
#include <numeric>

namespace rcnn::engine {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool meet(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> buffers) {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers[a].bytes > buffers[b].bytes; });

  MemoryPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<std::size_t> placed;  // By offset
  for (const auto buffer : order) {
    const auto bytes = aligned(buffers[buffer].bytes);
    std::size_t offset = 0;
    for (const auto other : placed) {
      if (!meet(buffers[buffer], buffers[other])) continue;
      if (plan.offsets[other] >= offset + bytes) break;  // The gap before it suffices
      offset = std::max(offset, plan.offsets[other] + aligned(buffers[other].bytes));
    }
    plan.offsets[buffer] = offset;
    plan.bytes = std::max(plan.bytes, offset + bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), buffer,
                         [&](std::size_t a, std::size_t b) { return plan.offsets[a] < plan.offsets[b]; }),
        buffer);
  }
  return plan;
}

}  // namespace rcnn::engine
