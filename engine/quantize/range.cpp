// SPDX-License-Identifier: MIT
#include "engine/quantize/range.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr double kExceeding = 1e-4;  ///< Share of the elements that "percentile" clips
constexpr int kTried = 128;          ///< Ranges that "mse" and "kl" compare, equal parts of the largest

/// Steps from zero to the end of the range.
int levels(const ActivationStep& activation) { return static_cast<int>(activation.most()); }

double total(const Histogram& histogram) {
  const auto& bins = histogram.bins();
  return std::accumulate(bins.begin(), bins.end(), 0.0);
}

double middle_of_bin(const Histogram& histogram, std::size_t i) {
  return (static_cast<double>(i) + 0.5) * histogram.width();
}

/// Sum of squared errors where values up to `range` are rounded to `count` steps and others clipped to it.
/// Within a bin values lie evenly; a rounding error does so within a step (its mean square is step^2 / 12),
/// but no value can be further from zero, which is a step, than it is large.
double squared_error(const Histogram& histogram, double range, int count) {
  const double step = range / count;
  double sum = 0;
  for (std::size_t i = 0; i < Histogram::kBins; ++i) {
    const auto times = static_cast<double>(histogram.bins()[i]);
    if (times == 0) continue;
    const double value = middle_of_bin(histogram, i);
    const double square = value > range      ? (value - range) * (value - range)
                          : value < step / 2 ? value * value
                                             : step * step / 12;
    sum += times * square;
  }
  return sum;
}

/// Information lost where the bins below `end` are merged to `count` levels and those beyond put into the
/// last.
double lost_information(const Histogram& histogram, std::size_t end, int count) {
  const auto& bins = histogram.bins();
  std::vector<double> clipped(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(end));
  clipped.back() += std::accumulate(bins.begin() + static_cast<std::ptrdiff_t>(end), bins.end(), 0.0);
  std::vector<double> merged(end, 0);
  for (int level = 0; level < count; ++level) {
    const auto first = end * static_cast<std::size_t>(level) / static_cast<std::size_t>(count);
    const auto last = end * static_cast<std::size_t>(level + 1) / static_cast<std::size_t>(count);
    double sum = 0, used = 0;
    for (auto i = first; i < last; ++i) {
      sum += static_cast<double>(bins[i]);
      used += bins[i] != 0 ? 1 : 0;
    }
    for (auto i = first; i < last; ++i) {
      if (bins[i] != 0) merged[i] = sum / used;
    }
  }
  const double all = std::accumulate(clipped.begin(), clipped.end(), 0.0);
  const double inside = std::accumulate(merged.begin(), merged.end(), 0.0);
  if (inside == 0) return std::numeric_limits<double>::infinity();
  double lost = 0;
  for (std::size_t i = 0; i < end; ++i) {
    if (clipped[i] == 0) continue;
    constexpr double kNothing = 1e-9;  // In place of a level that nothing is rounded to
    lost += clipped[i] / all * std::log(clipped[i] / all / std::max(merged[i] / inside, kNothing));
  }
  return lost;
}

double least_squares_range(const Histogram& histogram, int count) {
  double best = histogram.largest(), least = squared_error(histogram, best, count);
  for (int i = 1; i < kTried; ++i) {
    const double range = histogram.largest() * i / kTried;
    if (const double error = squared_error(histogram, range, count); error < least) {
      least = error;
      best = range;
    }
  }
  return best;
}

double least_lost_range(const Histogram& histogram, int count) {
  const auto used = static_cast<std::size_t>(histogram.largest() / histogram.width()) + 1;
  double best = histogram.largest(), least = std::numeric_limits<double>::infinity();
  for (int i = 1; i <= kTried; ++i) {
    const auto end = used * static_cast<std::size_t>(i) / kTried;
    if (end < static_cast<std::size_t>(count)) continue;  // As many levels as bins: nothing would be lost
    if (const double lost = lost_information(histogram, end, count); lost < least) {
      least = lost;
      best = std::min(static_cast<double>(end) * histogram.width(), histogram.largest());
    }
  }
  return best;
}

double percentile_range(const Histogram& histogram, int /*count*/) {
  const double allowed = kExceeding * (total(histogram) + static_cast<double>(histogram.zeros()));
  double beyond = 0;
  for (std::size_t i = Histogram::kBins; i-- > 0;) {
    beyond += static_cast<double>(histogram.bins()[i]);
    if (beyond > allowed) {
      return std::min(static_cast<double>(i + 1) * histogram.width(), histogram.largest());
    }
  }
  return histogram.largest();
}

double whole_range(const Histogram& histogram, int /*count*/) { return histogram.largest(); }

using FindRange = double (*)(const Histogram&, int count);
constexpr std::array<std::pair<const char*, FindRange>, 4> kMethods{{{"min-max", whole_range},
                                                                     {"percentile", percentile_range},
                                                                     {"mse", least_squares_range},
                                                                     {"kl", least_lost_range}}};

}  // namespace

std::vector<std::string> range_methods() {
  std::vector<std::string> names;
  for (const auto& [name, find] : kMethods) names.emplace_back(name);
  return names;
}

ActivationStep activation_step(const Histogram& histogram, const std::string& method) {
  const auto found =
      std::ranges::find(kMethods, method, [](const auto& row) { return std::string(row.first); });
  if (found == kMethods.end()) {
    std::string known;
    for (const auto& name : range_methods()) known += (known.empty() ? "" : ", ") + name;
    throw SettingError("range method '" + method + "' is not supported; accepted: " + known);
  }
  ActivationStep activation{1, histogram.has_negative()};
  if (histogram.empty()) return activation;
  const int count = levels(activation);
  const auto step = static_cast<float>(found->second(histogram, count) / count);
  if (std::isnormal(step)) activation.step = step;
  return activation;
}

double rounding_error(const Histogram& histogram, const ActivationStep& activation) {
  if (histogram.empty()) return 0;
  const int count = levels(activation);
  const double range = static_cast<double>(activation.step) * count;
  return std::sqrt(squared_error(histogram, range, count) / histogram.sum_of_squares());
}

}  // namespace rcnn::engine
