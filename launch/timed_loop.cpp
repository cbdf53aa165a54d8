// SPDX-License-Identifier: MIT
#include "launch/timed_loop.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>

namespace rcnn::launch {
namespace {

constexpr int kWindows = 3;

/// The least value that the given part of all are not above (nearest rank).
double percentile(const std::vector<double>& sorted, double part) {
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted.at(std::max<std::size_t>(rank, 1) - 1);
}

}  // namespace

TimedLoop::TimedLoop(const LoopOptions& options, int items, std::ostream* lines)
    : options_(options), items_(items), lines_(lines) {}

double TimedLoop::seconds(int from, int to) const {
  const auto begin = from < 0 ? began_ : timed_.at(static_cast<std::size_t>(from)).end;
  return std::chrono::duration<double>(timed_.at(static_cast<std::size_t>(to)).end - begin).count();
}

double TimedLoop::spread() const {
  const int past = static_cast<int>(timed_.size()) - options_.iterations - 1;
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (int window = 0; window < kWindows; ++window) {
    const int from = past + options_.iterations * window / kWindows;
    const int to = past + options_.iterations * (window + 1) / kWindows;
    const double rate = (to - from) / std::max(seconds(from, to), 1e-9);
    least = std::min(least, rate);
    most = std::max(most, rate);
  }
  return most / least - 1;
}

bool TimedLoop::enough() const {
  const int more = static_cast<int>(timed_.size()) - options_.iterations;
  if (more < 0) return false;
  if (options_.most_spread <= 0 || options_.iterations < kWindows) return true;
  const int step = options_.iterations / kWindows;
  if (more % step != 0) return false;
  return spread() <= options_.most_spread || more + step > options_.iterations * (kMostRounds - 1);
}

void TimedLoop::show(int timed) const {
  const double sum = std::accumulate(timed_.begin(), timed_.end(), 0.,
                                     [](double ms, const Iteration& each) { return ms + each.ms; });
  const auto where = timed <= options_.iterations ? fmt::format("{}/{}", timed, options_.iterations)
                                                  : fmt::format("{}, until throughput is steady", timed);
  *lines_ << fmt::format("iteration {}: {:.2f} ms on average\n", where, sum / timed) << std::flush;
}

void TimedLoop::ended(Clock::duration took) {
  if (done_) return;
  const auto now = Clock::now();
  const auto shows = [&](int count) {
    return lines_ != nullptr && options_.line_every > 0 && count % options_.line_every == 0;
  };
  if (warmed_up_ < options_.warm_ups) {
    began_ = now;
    if (shows(++warmed_up_)) {
      *lines_ << fmt::format("warm-up {}/{}\n", warmed_up_, options_.warm_ups) << std::flush;
    }
    return;
  }
  timed_.push_back({std::chrono::duration<double, std::milli>(took).count(), now});
  const auto timed = static_cast<int>(timed_.size());
  if (shows(timed)) show(timed);
  done_ = enough();
}

LoopResult TimedLoop::result() const {
  const auto past = static_cast<int>(timed_.size()) - options_.iterations - 1;
  std::vector<double> sorted;
  for (auto i = static_cast<std::size_t>(past + 1); i < timed_.size(); ++i) sorted.push_back(timed_[i].ms);
  std::sort(sorted.begin(), sorted.end());
  LoopResult result;
  result.p50_ms = percentile(sorted, 0.5);
  result.p95_ms = percentile(sorted, 0.95);
  result.p99_ms = percentile(sorted, 0.99);
  result.samples = static_cast<int>(sorted.size());
  result.seconds = seconds(past, static_cast<int>(timed_.size()) - 1);
  result.per_second = static_cast<double>(sorted.size()) * items_ / result.seconds;
  if (options_.most_spread > 0 && options_.iterations >= kWindows) {
    result.spread = spread();
  }
  return result;
}

}  // namespace rcnn::launch
