// SPDX-License-Identifier: MIT
#include "pipeline/tensor_pool.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

namespace rcnn::pipeline {
namespace {

std::size_t bytes_of(const TensorSet& set) {
  std::size_t bytes = 0;
  for (const auto& tensor : set) bytes += tensor.spec().bytes();
  return bytes;
}

bool fits(const TensorSet& set, const std::vector<engine::TensorSpec>& specs) {
  return std::equal(
      set.begin(), set.end(), specs.begin(), specs.end(),
      [](const engine::Tensor& tensor, const engine::TensorSpec& spec) { return tensor.spec() == spec; });
}

bool of_one_stage(const TensorSet& set, const std::vector<engine::TensorSpec>& specs) {
  return !set.empty() && !specs.empty() && set.front().spec().name == specs.front().name;
}

}  // namespace

struct TensorPool::State {
  using Sets = std::list<std::unique_ptr<TensorSet>>;

  void give_back(std::unique_ptr<TensorSet> set) {
    std::lock_guard lock(mutex);
    idle_bytes += bytes_of(*set);
    idle.push_back(std::move(set));
  }

  std::unique_ptr<TensorSet> take(const std::vector<engine::TensorSpec>& specs) {
    Sets evicted;  // Freed after the lock is.
    std::lock_guard lock(mutex);
    // The last one given back first: its memory is the likeliest to be in a cache.
    const auto found =
        std::find_if(idle.rbegin(), idle.rend(), [&](const auto& set) { return fits(*set, specs); });
    if (found != idle.rend()) {
      auto set = std::move(*found);
      idle.erase(std::next(found).base());
      idle_bytes -= bytes_of(*set);
      return set;
    }
    ++misses;
    for (auto set = idle.begin(); set != idle.end() && idle_bytes > kIdleBytes;) {
      const auto next = std::next(set);
      if (of_one_stage(**set, specs)) {
        idle_bytes -= bytes_of(**set);
        evicted.splice(evicted.end(), idle, set);
      }
      set = next;
    }
    return nullptr;
  }

  std::mutex mutex;
  Sets idle;  ///< Longest idle first
  std::size_t idle_bytes = 0;
  std::uint64_t misses = 0;
};

TensorPool::TensorPool() : state_(std::make_shared<State>()) {}

std::shared_ptr<TensorSet> TensorPool::acquire(const std::vector<engine::TensorSpec>& specs) const {
  auto set = state_->take(specs);
  if (!set) {
    set = std::make_unique<TensorSet>();
    for (const auto& spec : specs) set->emplace_back(spec);
  }
  return {set.release(),
          [state = state_](TensorSet* done) { state->give_back(std::unique_ptr<TensorSet>(done)); }};
}

std::uint64_t TensorPool::misses() const {
  std::lock_guard lock(state_->mutex);
  return state_->misses;
}

std::size_t TensorPool::idle_bytes() const {
  std::lock_guard lock(state_->mutex);
  return state_->idle_bytes;
}

}  // namespace rcnn::pipeline
