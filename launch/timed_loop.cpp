// SPDX-License-Identifier: MIT
#include "launch/timed_loop.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>

namespace rcnn::launch {
namespace {

/// The least value that the given part of all are not above (nearest rank).
double percentile(const std::vector<double>& sorted, double part) {
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted.at(std::max<std::size_t>(rank, 1) - 1);
}

}  // namespace

TimedLoop::TimedLoop(const LoopOptions& options, int items, std::ostream* lines)
    : options_(options), items_(items), lines_(lines) {}

void TimedLoop::ended(Clock::duration took) {
  last_ = Clock::now();
  ++ended_;
  const auto shows = [&](int count) {
    return lines_ != nullptr && options_.line_every > 0 && count % options_.line_every == 0;
  };
  if (ended_ <= options_.warm_ups) {
    began_ = last_;
    if (shows(ended_)) *lines_ << fmt::format("warm-up {}/{}\n", ended_, options_.warm_ups) << std::flush;
    return;
  }
  milliseconds_.push_back(std::chrono::duration<double, std::milli>(took).count());
  const int timed = ended_ - options_.warm_ups;
  if (!shows(timed)) return;
  const double mean = std::accumulate(milliseconds_.begin(), milliseconds_.end(), 0.) / timed;
  *lines_ << fmt::format("iteration {}/{}: {:.2f} ms on average\n", timed, options_.iterations, mean)
          << std::flush;
}

LoopResult TimedLoop::result() const {
  auto sorted = milliseconds_;
  std::sort(sorted.begin(), sorted.end());
  const std::chrono::duration<double> took = last_ - began_;
  return {percentile(sorted, 0.5), percentile(sorted, 0.95), percentile(sorted, 0.99),
          static_cast<double>(sorted.size()) * items_ / took.count()};
}

}  // namespace rcnn::launch
