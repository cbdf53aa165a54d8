// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>

namespace rcnn::elements {

/// The latency that a stage reports: an estimate first, what was measured once there is enough of it. It
/// moves only by more than a quarter and at most once a second, since each move makes the whole pipeline
/// redistribute latency.
///
/// Thread safety: observe() from one thread, reported() and due() from any.
class LatencyMeter {
 public:
  static constexpr std::uint64_t kEnoughFrames = 8;

  /// Forgets everything; `estimate` is reported until frames were measured.
  void reset(GstClockTime estimate);
  /// True at most once a second: look at the counters (which cost a sort) only then.
  bool due(GstClockTime now) const;
  /// `measured` over `frames` so far. True if the reported value moved: post a LATENCY message.
  bool observe(GstClockTime measured, std::uint64_t frames, GstClockTime now);
  GstClockTime reported() const { return reported_; }

 private:
  std::atomic<GstClockTime> reported_{0};
  std::atomic<GstClockTime> looked_{GST_CLOCK_TIME_NONE};
};

}  // namespace rcnn::elements
