// SPDX-License-Identifier: MIT
#include "pipeline/tensor_pool.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <optional>
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
// How much larger a block may be than its set, in steps of two: four times, as features are beside pooled
// regions, and beside images in 8 bits and bf16. An image in f32 would keep features eight times as large
// from a block of theirs.
constexpr std::size_t kLends = 2;
constexpr std::size_t bytes_of_size(std::size_t size) { return std::size_t{1} << size; }
/// Exponent of the smallest block that so many bytes fit into.
std::size_t size_of(std::size_t bytes) { return static_cast<std::size_t>(std::bit_width(bytes - 1)); }

}  // namespace

struct TensorPool::State {
  struct Block {
    engine::TensorMemory memory;
    std::size_t size = 0;     ///< Exponent of how much there is
    std::size_t written = 0;  ///< How much of it, from the start, has been given out: has its pages, likely
  };
  /// All blocks of one size. A set takes the idle block, of its own size or of a few above, that has most
  /// pages it needs and fewest it doesn't: so image, features and regions of one frame after the other go
  /// through the same pages.
  struct Blocks {
    std::vector<Block> idle;
    std::size_t count = 0;        ///< Idle and out
    std::uint64_t wanted_at = 0;  ///< Acquisitions before a set of this size was last asked for
  };

  void give_back(Block block) {
    const std::lock_guard lock(mutex);
    idle_bytes += bytes_of_size(block.size);
    sizes[block.size].idle.push_back(std::move(block));
  }

  /// A block for a set of so many bytes.
  Block take(std::size_t bytes) {
    const auto size = size_of(bytes);
    std::vector<Block> forgotten;  // Freed after the lock is.
    std::unique_lock lock(mutex);
    sizes[size].wanted_at = ++acquisitions;
    if (auto found = find(size, bytes)) return std::move(*found);
    forgotten = forget();
    lock.unlock();
    Block block{engine::allocate_tensor_memory(bytes_of_size(size)), size, bytes};
    lock.lock();
    ++misses;
    ++sizes[size].count;
    return block;
  }

  /// The best idle block; under the lock.
  std::optional<Block> find(std::size_t size, std::size_t bytes) {
    std::vector<Block>* from = nullptr;
    std::size_t place = 0;
    for (auto candidate = size; candidate <= std::min(size + kLends, kSizes); ++candidate) {
      auto& idle = sizes[candidate].idle;
      for (std::size_t i = 0; i < idle.size(); ++i) {
        if (from != nullptr && !better(idle[i], (*from)[place], bytes)) continue;
        from = &idle;
        place = i;
      }
    }
    if (from == nullptr) return std::nullopt;
    auto block = std::move((*from)[place]);
    from->erase(from->begin() + static_cast<std::ptrdiff_t>(place));
    idle_bytes -= bytes_of_size(block.size);
    block.written = std::max(block.written, bytes);
    return block;
  }

  /// Whether a set of so many bytes rather takes `one` than what came before it among the idle.
  static bool better(const Block& one, const Block& other, std::size_t bytes) {
    const bool enough = one.written >= bytes;
    if (enough != (other.written >= bytes)) return enough;
    if (one.written != other.written) return enough == (one.written < other.written);
    return one.size <= other.size;  // Of one size the last given back: likeliest to be in a cache.
  }

  /// Sees to it that there are so many blocks that sets of a size may take. \throws std::bad_alloc
  void provide(std::size_t size, std::size_t count) {
    std::vector<Block> forgotten;
    const std::lock_guard lock(mutex);
    sizes[size].wanted_at = acquisitions;
    if (number(size) < count) forgotten = forget();
    while (number(size) < count) {
      sizes[size].idle.push_back({engine::allocate_tensor_memory(bytes_of_size(size)), size, 0});
      idle_bytes += bytes_of_size(size);
      ++misses;
      ++sizes[size].count;
    }
  }

  /// Blocks, idle and out, that sets of a size may take; under the lock.
  std::size_t number(std::size_t size) const {
    std::size_t sum = 0;
    for (auto candidate = size; candidate <= std::min(size + kLends, kSizes); ++candidate) {
      sum += sizes[candidate].count;
    }
    return sum;
  }

  /// Takes out of the pool what nobody is going to miss; under the lock, to be freed without it.
  std::vector<Block> forget() {
    std::vector<Block> forgotten;
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
  for (const auto& specs : sets) counts.at(size_of(bytes_of(specs))) += static_cast<std::size_t>(frames);
  // Sets that may lie in blocks of larger ones have such, too, lest those find theirs taken.
  std::size_t larger = kSizes;
  for (auto size = kSizes; size-- > 0;) {
    if (counts.at(size) == 0) continue;
    if (larger == kSizes || size + kLends < larger) {
      larger = size;
    } else {
      counts.at(larger) += std::exchange(counts.at(size), 0);
    }
  }
  try {
    for (std::size_t size = 0; size < kSizes; ++size) {
      if (counts.at(size) > 0) state_->provide(size, counts.at(size));
    }
  } catch (const std::bad_alloc&) {  // Frames that need it will say so.
  }
}

std::shared_ptr<TensorSet> TensorPool::acquire(const std::vector<engine::TensorSpec>& specs) const {
  auto block = state_->take(bytes_of(specs));
  auto set = std::make_unique<TensorSet>();
  std::size_t begin = 0;
  for (const auto& spec : specs) {
    set->emplace_back(spec, block.memory, begin);
    begin += aligned(spec.bytes());
  }
  return {set.release(), [state = state_, block = std::move(block)](TensorSet* done) mutable {
            delete done;
            state->give_back(std::move(block));
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
