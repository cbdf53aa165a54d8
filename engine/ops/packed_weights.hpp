// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "engine/ops/format.hpp"

namespace rcnn::engine {

/// Parameters in the layouts that operators asked for, or transformed. Each pair of parameter and layout is
/// made once and lives as long as some operator holds it, so executables of several shapes share what they
/// agree on.
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
  /// The same for integers: each value over the step of its output channel, rounded.
  ///   steps  parameter with a step for each output channel, which the first of `plain`'s axes are (the first
  ///          two of a convolution in groups)
  ///   wanted  of s8, with what else the operator asked to be computed of the weights
  std::shared_ptr<const Tensor> get_int8(const std::string& name, const std::string& steps,
                                         const Format& plain, const Format& wanted);

  /// What an operator computes from a parameter, besides its layouts.
  struct Derivation {
    std::string kind;          ///< Two derivations of one kind and size are equal
    std::size_t plain_floats;  ///< Values that the parameter has
    std::size_t floats;        ///< Values of the result
    std::function<void(std::span<const float> plain, std::span<float> result)> make;
  };
  /// \throws ModelError if the parameter has another number of values than `plain_floats`.
  std::shared_ptr<const Tensor> derive(const std::string& name, const Derivation& derivation);

  /// Bytes of everything made of this parameter that some operator holds.
  std::size_t held_bytes(const std::string& name);

 private:
  struct Entry {
    Format format;
    std::weak_ptr<const Tensor> tensor;
  };
  using DerivedKey = std::tuple<std::string, std::string, std::size_t>;  ///< Parameter, kind, floats
  std::span<const float> read(const std::string& name, std::size_t floats, const std::string& needed) const;
  /// \param scales  what to multiply the values with: one, or one for each output channel
  std::shared_ptr<const Tensor> reordered(const std::string& name, const Format& plain, const Format& wanted,
                                          const std::vector<float>& scales);

  Read read_;
  std::mutex mutex_;  ///< Guards entries_ and derived_
  std::map<std::string, std::vector<Entry>> entries_;
  std::map<DerivedKey, std::weak_ptr<const Tensor>> derived_;
};

}  // namespace rcnn::engine
