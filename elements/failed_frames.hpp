// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <exception>
#include <string>

#include "elements/gst_support.hpp"
#include "elements/stage_settings.hpp"

namespace rcnn::elements {

/// What an element tells of the frames on which it failed, and does with them, as `on-error` says.
///
/// Thread safety: thread-bound (the thread that pushes).
class FailedFrames {
 public:
  /// \param element  on whose bus it is told; outlives this
  /// \param results  what a frame goes on without: "detections"
  FailedFrames(GstElement* element, std::string results) : element_(element), results_(std::move(results)) {}

  /// Forgets when it last warned, and what it left out since.
  void reset() { next_warning_ = unwarned_ = 0; }
  /// Posts an error (kStop) or a warning: at most one a second, for a broken core fails every frame, and one
  /// when that core goes out of service. \returns what becomes of the frame: `policy`, but kDrop of one that
  /// was given up on purpose, of which nobody is told.
  OnError report(const std::exception_ptr& error, OnError policy);

 private:
  void warn(const Failure& failure, const std::string& consequence);

  GstElement* const element_;
  const std::string results_;
  GstClockTime next_warning_ = 0;
  std::uint64_t unwarned_ = 0;
};

/// Says downstream that a frame is left out: sinks that wait for their first one would hold up those of other
/// branches.
/// Nothing for a frame without a time. Thread safety: thread-bound (the thread that pushes).
void push_gap(GstPad* source, const GstBuffer* frame);

}  // namespace rcnn::elements
