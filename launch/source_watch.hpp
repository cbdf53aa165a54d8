// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <optional>

namespace rcnn::launch {

/// Sees what GStreamer passes over in silence: how far a container was read, and what its decoder could not
/// decode. As long-lived as the pipeline. Thread safety: any thread.
class SourceWatch {
 public:
  /// \param pipeline  has no demuxer yet
  explicit SourceWatch(GstElement* pipeline);
  SourceWatch(const SourceWatch&) = delete;
  SourceWatch& operator=(const SourceWatch&) = delete;

  /// Where the last picture or sound ends that came out of a demuxer, in stream time; none where there is
  /// none.
  std::optional<std::uint64_t> read_until_ns() const;
  /// Whether the container says how long it is, so that one that is cut off can be told.
  bool has_length() const { return has_length_; }
  /// Whether frames were lost since this was made, in any pipeline of the process.
  bool has_lost_frames() const { return lost_frames() != lost_before_; }
  /// Whether parts of frames were made up by the decoder since.
  bool has_mended_frames() const { return mended_frames() != mended_before_; }

 private:
  static std::uint64_t lost_frames();
  static std::uint64_t mended_frames();
  static void on_element(GstBin* pipeline, GstBin* bin, GstElement* element, gpointer self);
  static void on_pad(GstElement* demuxer, GstPad* pad, gpointer self);
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  const std::uint64_t lost_before_;
  const std::uint64_t mended_before_;
  std::atomic<std::uint64_t> read_until_ = 0;
  std::atomic<bool> has_length_ = true;
};

}  // namespace rcnn::launch
