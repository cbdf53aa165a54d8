// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace rcnn::pipeline {

/// Values made on first use and kept for the `capacity` keys used last.
///
/// Thread safety: thread-safe; one mutex guards the entries and is held while a value is made, so that it is
/// made once.
template <typename Key, typename Value>
class RecentCache {
 public:
  explicit RecentCache(std::size_t capacity) : capacity_(capacity) {}

  /// What `make()` throws leaves the cache as it was.
  template <typename Make>
  std::shared_ptr<const Value> get(const Key& key, Make&& make) {
    std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
    } else {
      entries_.emplace_front(key, std::forward<Make>(make)());
      if (entries_.size() > capacity_) entries_.pop_back();
    }
    return entries_.front().second;
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<std::pair<Key, std::shared_ptr<const Value>>> entries_;  ///< Used last first
};

}  // namespace rcnn::pipeline
