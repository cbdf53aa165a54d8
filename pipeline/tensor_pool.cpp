// SPDX-License-Identifier: MIT
#include "pipeline/tensor_pool.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <utility>

namespace rcnn::pipeline {
namespace {

constexpr std::size_t kAlignment = 64;  // What Tensor asks of the places in a block.

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::size_t bytes_of(const std::vector<engine::TensorSpec>& specs) {
  std::size_t bytes = 0;
  for (const auto& spec : specs) bytes += aligned(spec.bytes());
  return std::max(bytes, kAlignment);
}

// Blocks are powers of two, so that sets that differ a little find each other's; pages never touched cost
// nothing.
constexpr std::size_t kSizes = 63;
constexpr std::size_t bytes_of_size(std::size_t size) { return std::size_t{1} << size; }
/// Exponent of the smallest block that a set fits into.
std::size_t size_of(const std::vector<engine::TensorSpec>& specs) {
  return static_cast<std::size_t>(std::bit_width(bytes_of(specs) - 1));
}

}  // namespace

struct TensorPool::State {
  /// All blocks of one size. A set takes one of its own size or, if none is idle, of the next: so features
  /// and pooled regions of one network share theirs, and images take none that features need.
  struct Blocks {
    std::vector<engine::TensorMemory> idle;  ///< The last one given back last: likeliest to be in a cache
    std::size_t count = 0;                   ///< Idle and out
    std::uint64_t wanted_at = 0;             ///< Acquisitions before a set of this size was last asked for
  };

  void give_back(std::size_t size, engine::TensorMemory memory) {
    const std::lock_guard lock(mutex);
    idle_bytes += bytes_of_size(size);
    sizes[size].idle.push_back(std::move(memory));
  }

  /// A block for a set of `size` and the block's own size.
  std::pair<std::size_t, engine::TensorMemory> take(std::size_t size) {
    std::vector<engine::TensorMemory> forgotten;  // Freed after the lock is.
    std::unique_lock lock(mutex);
    sizes[size].wanted_at = ++acquisitions;
    for (const auto candidate : {size, size + 1}) {
      auto& idle = sizes[candidate].idle;
      if (idle.empty()) continue;
      auto found = std::move(idle.back());
      idle.pop_back();
      idle_bytes -= bytes_of_size(candidate);
      return {candidate, std::move(found)};
    }
    forgotten = forget();
    lock.unlock();
    auto memory = engine::allocate_tensor_memory(bytes_of_size(size));
    lock.lock();
    ++misses;
    ++sizes[size].count;
    return {size, std::move(memory)};
  }

  /// Sees to it that there are so many blocks of a size. \throws std::bad_alloc
  void provide(std::size_t size, std::size_t count) {
    std::vector<engine::TensorMemory> forgotten;
    const std::lock_guard lock(mutex);
    auto& blocks = sizes[size];
    blocks.wanted_at = acquisitions;
    if (blocks.count < count) forgotten = forget();
    while (blocks.count < count) {
      // In front: those that have been written before are taken first.
      blocks.idle.insert(blocks.idle.begin(), engine::allocate_tensor_memory(bytes_of_size(size)));
      idle_bytes += bytes_of_size(size);
      ++misses;
      ++blocks.count;
    }
  }

  /// Takes out of the pool what nobody is going to miss; under the lock, to be freed without it.
  std::vector<engine::TensorMemory> forget() {
    std::vector<engine::TensorMemory> forgotten;
    for (std::size_t size = 0; size < kSizes; ++size) {
      auto& blocks = sizes[size];
      if (blocks.wanted_at + kForgetAfter >= acquisitions) continue;
      while (idle_bytes > kIdleBytes && !blocks.idle.empty()) {
        forgotten.push_back(std::move(blocks.idle.front()));
        blocks.idle.erase(blocks.idle.begin());
        idle_bytes -= bytes_of_size(size);
        --blocks.count;
      }
    }
    return forgotten;
  }

  std::mutex mutex;
  std::array<Blocks, kSizes + 1> sizes;  ///< By exponent; nothing is of the last
  std::size_t idle_bytes = 0;
  std::uint64_t misses = 0;
  std::uint64_t acquisitions = 0;
};

TensorPool::TensorPool() : state_(std::make_shared<State>()) {}

void TensorPool::provide(const std::vector<std::vector<engine::TensorSpec>>& sets, int frames) const {
  std::array<std::size_t, kSizes> counts{};
  for (const auto& specs : sets) counts.at(size_of(specs)) += static_cast<std::size_t>(frames);
  try {
    for (std::size_t size = 0; size < kSizes; ++size) {
      if (counts.at(size) > 0) state_->provide(size, counts.at(size));
    }
  } catch (const std::bad_alloc&) {  // Frames that need it will say so.
  }
}

std::shared_ptr<TensorSet> TensorPool::acquire(const std::vector<engine::TensorSpec>& specs) const {
  auto [size, memory] = state_->take(size_of(specs));
  auto set = std::make_unique<TensorSet>();
  std::size_t begin = 0;
  for (const auto& spec : specs) {
    set->emplace_back(spec, memory, begin);
    begin += aligned(spec.bytes());
  }
  return {set.release(), [state = state_, size = size, memory = std::move(memory)](TensorSet* done) {
            delete done;
            state->give_back(size, memory);
          }};
}

std::uint64_t TensorPool::misses() const {
  const std::lock_guard lock(state_->mutex);
  return state_->misses;
}

std::size_t TensorPool::idle_bytes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->idle_bytes;
}

}  // namespace rcnn::pipeline
