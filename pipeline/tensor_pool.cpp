// SPDX-License-Identifier: MIT
#include "pipeline/tensor_pool.hpp"

#include <algorithm>
#include <bit>
#include <list>
#include <mutex>
#include <utility>

namespace rcnn::pipeline {
namespace {

constexpr std::size_t kAlignment = 64;  // What Tensor asks of the places in a block.
// A block serves sets that fill at least a quarter of it: features and pooled regions of one network differ
// by less, features and images by more.
constexpr std::size_t kMostSlack = 4;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::size_t bytes_of(const std::vector<engine::TensorSpec>& specs) {
  std::size_t bytes = 0;
  for (const auto& spec : specs) bytes += aligned(spec.bytes());
  return std::max(bytes, kAlignment);
}

}  // namespace

struct TensorPool::State {
  struct Block {
    engine::TensorMemory memory;
    std::size_t bytes = 0;
    std::uint64_t left_at = 0;  ///< Acquisitions before it came back
  };
  using Blocks = std::list<Block>;

  void give_back(Block block) {
    const std::lock_guard lock(mutex);
    idle_bytes += block.bytes;
    block.left_at = acquisitions;
    idle.push_back(std::move(block));
  }

  Block take(std::size_t bytes) {
    Blocks forgotten;  // Freed after the lock is.
    std::unique_lock lock(mutex);
    ++acquisitions;
    // The smallest that fits; of those the last one given back: its memory is the likeliest to be in a cache.
    auto best = idle.end();
    for (auto block = idle.begin(); block != idle.end(); ++block) {
      if (block->bytes < bytes || block->bytes > kMostSlack * bytes) continue;
      if (best == idle.end() || block->bytes <= best->bytes) best = block;
    }
    if (best != idle.end()) {
      Block found = std::move(*best);
      idle.erase(best);
      idle_bytes -= found.bytes;
      return found;
    }
    ++misses;
    while (idle_bytes > kIdleBytes && idle.front().left_at + kForgetAfter < acquisitions) {
      idle_bytes -= idle.front().bytes;
      forgotten.splice(forgotten.end(), idle, idle.begin());
    }
    lock.unlock();
    // Powers of two, so that sizes that differ a little find each other's; pages never touched cost nothing.
    const auto rounded = std::bit_ceil(bytes);
    return {engine::allocate_tensor_memory(rounded), rounded};
  }

  std::mutex mutex;
  Blocks idle;  ///< Longest idle first
  std::size_t idle_bytes = 0;
  std::uint64_t misses = 0;
  std::uint64_t acquisitions = 0;
};

TensorPool::TensorPool() : state_(std::make_shared<State>()) {}

std::shared_ptr<TensorSet> TensorPool::acquire(const std::vector<engine::TensorSpec>& specs) const {
  auto block = state_->take(bytes_of(specs));
  auto set = std::make_unique<TensorSet>();
  std::size_t begin = 0;
  for (const auto& spec : specs) {
    set->emplace_back(spec, block.memory, begin);
    begin += aligned(spec.bytes());
  }
  return {set.release(), [state = state_, block = std::move(block)](TensorSet* done) {
            delete done;
            state->give_back(block);
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
