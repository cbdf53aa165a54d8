// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "engine/quantize/histogram.hpp"
#include "engine/runtime/activation_tap.hpp"

namespace rcnn::engine {

/// Adds up the histograms of some values over all runs.
///
/// Thread safety: thread-safe, but for histograms(); several runs go on at once. They borrow it.
class HistogramTap final : public ActivationTap {
 public:
  explicit HistogramTap(std::set<std::string> values);

  std::unique_ptr<Run> begin(const std::string& program) override;
  /// Of the values that were met. Not while runs go on.
  const std::map<std::string, Histogram>& histograms() const { return histograms_; }

 private:
  class Adding;
  const std::set<std::string> values_;
  std::mutex mutex_;  ///< Guards histograms_
  std::map<std::string, Histogram> histograms_;
};

}  // namespace rcnn::engine
