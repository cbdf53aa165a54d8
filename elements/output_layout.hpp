// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/video.h>

#include <atomic>

#include "elements/gst_support.hpp"

namespace rcnn::elements {

/// What downstream of a source pad offers to an ALLOCATION query for video of these caps; null where nobody
/// answers. No pool is asked for. Thread safety: on a thread that may push to that pad, everything before
/// pushed.
QueryPtr allocation_offered(GstPad* source, GstCaps* caps);

/// Hands frames on in a layout that downstream reads: rows and planes that only a GstVideoMeta describes are
/// copied to where the caps say they are, unless downstream says that it reads that meta. Others are not
/// copied.
///
/// Thread safety: fit() on the source pad's streaming thread, ask_again() on any.
class OutputLayout {
 public:
  explicit OutputLayout(GstPad* source) : source_(source) {}

  /// The frame with its metas, times and flags, in memory of its own if it has to be. One that cannot be
  /// mapped stays as it is.
  BufferPtr fit(BufferPtr buffer);
  /// Another element may be linked, or the same one think otherwise.
  void ask_again() { asked_ = false; }

 private:
  bool knows_caps();
  bool reads_meta();

  GstPad* const source_;
  CapsPtr caps_;  // That the next two are of
  GstVideoInfo info_{};
  bool reads_meta_ = false;
  std::atomic<bool> asked_{false};
};

}  // namespace rcnn::elements
