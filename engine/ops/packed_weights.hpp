// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/ops/format.hpp"

namespace rcnn::engine {

/// Parameters in the layouts that operators asked for. Each pair of parameter and layout is made once and
/// lives as long as some operator holds it, so executables of several shapes share what they agree on.
///
/// Thread safety: thread-safe. One mutex guards the map; making an entry holds it.
class PackedWeights {
 public:
  /// Values of a parameter, row-major; borrowed for the call. \throws ModelError if there is none.
  using Read = std::function<std::span<const float>(const std::string& name)>;

  explicit PackedWeights(Read read);

  /// \param plain   how the values that `read` gives lie
  /// \param wanted  how the operator wants them
  /// \throws ModelError if the parameter has another number of values than `plain`.
  std::shared_ptr<const Tensor> get(const std::string& name, const Format& plain, const Format& wanted);

 private:
  struct Entry {
    Format format;
    std::weak_ptr<const Tensor> tensor;
  };
  Read read_;
  std::mutex mutex_;  ///< Guards entries_
  std::map<std::string, std::vector<Entry>> entries_;
};

}  // namespace rcnn::engine
