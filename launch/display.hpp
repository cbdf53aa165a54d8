// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <opencv2/core.hpp>

#include "launch/gst_parts.hpp"

namespace rcnn::launch {

/// Says before any work begins whether frames can be shown at all. GStreamer must be initialised.
/// \throws engine::Error naming --output where there is no display, or nothing to draw on it with.
/// Thread safety: thread-safe.
void require_display();

/// Puts "videoconvert ! videoscale ! autovideosink" into the bin: a window of 1280x720 that shows each frame
/// as soon as it comes, scaled to fit. \returns the first of them, owned by the bin. Thread safety:
/// thread-safe. \throws engine::Error if an element is missing.
GstElement* add_window(GstBin* bin);

/// A window for pictures of any sizes, one after the other.
///
/// Thread safety: thread-bound.
class PictureWindow {
 public:
  /// GStreamer must be initialised. \throws engine::Error as add_window().
  PictureWindow();
  /// Closes the window once the last picture was up long enough to be seen.
  ~PictureWindow();
  PictureWindow(const PictureWindow&) = delete;
  PictureWindow& operator=(const PictureWindow&) = delete;

  /// Shows 8-bit BGR pixels once the picture before was up long enough.
  /// \throws engine::Error with what GStreamer reports, such as that the window was closed.
  void show(const cv::Mat& picture);

 private:
  GstPointer<GstElement> pipeline_;
  GstElement* source_ = nullptr;  ///< Owned by the pipeline
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace rcnn::launch
