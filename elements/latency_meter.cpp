// SPDX-License-Identifier: MIT
#include "elements/latency_meter.hpp"

namespace rcnn::elements {
namespace {

// Below this, scheduling noise alone moves a latency by a quarter.
constexpr GstClockTime kNoise = GST_MSECOND;

}  // namespace

void LatencyMeter::reset(GstClockTime estimate) {
  reported_ = estimate;
  looked_ = GST_CLOCK_TIME_NONE;
}

bool LatencyMeter::due(GstClockTime now) const {
  const GstClockTime looked = looked_;
  return looked == GST_CLOCK_TIME_NONE || now >= looked + GST_SECOND;
}

bool LatencyMeter::observe(GstClockTime measured, std::uint64_t frames, GstClockTime now) {
  if (frames < kEnoughFrames) {
    return false;
  }
  looked_ = now;
  const GstClockTime before = reported_;
  const GstClockTime moved = measured > before ? measured - before : before - measured;
  if (moved <= kNoise || moved <= before / 4) {
    return false;
  }
  reported_ = measured;
  return true;
}

}  // namespace rcnn::elements
