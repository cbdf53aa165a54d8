// SPDX-License-Identifier: MIT
#include "engine/quantize/histogram_tap.hpp"

#include <utility>

namespace rcnn::engine {

class HistogramTap::Adding final : public ActivationTap::Run {
 public:
  explicit Adding(HistogramTap& tap) : tap_(tap) {}

  void visit(const std::string& value, const Format& /*format*/, std::span<const float> values) override {
    if (!tap_.values_.contains(value)) return;
    Histogram seen;
    seen.add(values);
    const std::lock_guard lock(tap_.mutex_);
    tap_.histograms_[value].add(seen);
  }

 private:
  HistogramTap& tap_;
};

HistogramTap::HistogramTap(std::set<std::string> values) : values_(std::move(values)) {}

std::unique_ptr<ActivationTap::Run> HistogramTap::begin(const std::string& /*program*/) {
  return std::make_unique<Adding>(*this);
}

}  // namespace rcnn::engine
