// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>

#include "engine/runtime/conv2d_cost_file.hpp"

namespace rcnn::engine {

/// Which algorithm a convolution runs with on this machine: the quickest, by costs that are measured once per
/// CPU for every class of convolution and kept in the user's cache folder. Costs do not change while this
/// lives, so all cores and sessions of a process get the same answers, and results do not depend on which
/// core ran.
///
/// Thread safety: thread-safe. One mutex guards the table; measuring holds it.
class Conv2dPicks {
 public:
  using Measure = std::function<Conv2dCosts(const Conv2dClass&)>;

  explicit Conv2dPicks(Conv2dCostFile file, Measure measure = measure_conv2d);

  /// The one of this process, over the default file.
  static Conv2dPicks& process();

  /// May measure, if this class of convolution was never met on this machine: see measure_conv2d() for how
  /// long. Measures under the calling thread's OpenMP team.
  /// Of a batch, as for one map alone: a detection's mask must not depend on how many share the run.
  ///   summand  of a convolution with a sum; null without
  Conv2dAlgorithm pick(const Conv2dParams& params, const Format& source, const Format* summand);

  /// May measure, likewise.
  Conv2dCosts costs(const Conv2dClass& shape);

  /// What is known so far.
  Conv2dCostTable known() const;
  const std::filesystem::path& file() const { return file_.path(); }

 private:
  const Conv2dCosts& costs_of(const Conv2dClass& shape);

  const Conv2dCostFile file_;
  const Measure measure_;
  mutable std::mutex mutex_;  ///< Guards table_
  Conv2dCostTable table_;
};

}  // namespace rcnn::engine
