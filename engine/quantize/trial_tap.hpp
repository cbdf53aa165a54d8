// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/runtime/activation_tap.hpp"

namespace rcnn::engine {

/// What a program writes where it is exact: runs are told apart by what they read.
///
/// Only one element of several is kept: the errors are means over millions.
struct ReferenceOutputs {
  using Key = std::pair<std::uint64_t, std::string>;  ///< Digest of a run's inputs, output
  std::map<Key, std::vector<float>> kept;
};

/// Collects what one program writes, or compares it with what was collected.
///
/// Thread safety: thread-safe.
class TrialTap final : public ActivationTap {
 public:
  /// Both borrow the references.
  static std::shared_ptr<TrialTap> collecting(const Graph& program, ReferenceOutputs& references);
  static std::shared_ptr<TrialTap> comparing(const Graph& program, const ReferenceOutputs& references);

  std::unique_ptr<Run> begin(const std::string& program) override;

  /// Of the outputs, the largest mean absolute error as a share of the standard deviation; 0 where nothing
  /// was compared. Not while runs go on.
  double error() const;

 private:
  explicit TrialTap(const Graph& program);
  class Watching;
  struct Difference {
    double absolute = 0, sum = 0, squares = 0, count = 0;
  };
  void take(const ReferenceOutputs::Key& key, std::vector<float> sample);

  std::string program_;
  std::set<std::string> inputs_;
  std::set<std::string> outputs_;
  ReferenceOutputs* collected_ = nullptr;
  const ReferenceOutputs* references_ = nullptr;
  std::mutex mutex_;                               ///< Guards *collected_ and differences_
  std::map<std::string, Difference> differences_;  ///< By output
};

}  // namespace rcnn::engine
