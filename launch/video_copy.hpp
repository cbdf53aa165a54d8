// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace rcnn::launch {

/// The part of a pipeline that writes the annotated video:
///
///   FRAMES ! videoconvert ! capsfilter ! x264enc ! mp4mux ! filesink
///
/// Frames without a time get one, a frame's duration (of 25 a second, where the stream says nothing) after
/// the one before. What fails in it is said on the bus as ever and goes no further: FRAMES sees that all went
/// well, and its other users have theirs.
///
/// Thread safety: made on one thread; the rest may be called from any.
class VideoCopy {
 public:
  /// \param frames  of `bin`; its source pad gives them
  /// \throws engine::Error if an element is missing.
  VideoCopy(GstBin* bin, GstElement* frames, const std::filesystem::path& file);
  VideoCopy(const VideoCopy&) = delete;
  VideoCopy& operator=(const VideoCopy&) = delete;

  /// Whether a message of this object's is about the copy alone.
  bool owns(const GstObject* object) const;
  /// Frames go no further than to this part from then on, and the end of the stream does not come through it.
  bool failed() const { return failed_; }
  void give_up() { failed_ = true; }
  /// Pieces of the file that were written.
  std::uint64_t written() const { return written_; }

 private:
  static GstPadProbeReturn on_frame(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_event(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_query(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_written(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  /// False where frames of these caps cannot be encoded, which it says.
  bool prepare(GstEvent* caps);
  GstBuffer* with_time(GstBuffer* frame);

  GstElement* caps_ = nullptr;  ///< Owned by the pipeline, as are the others
  GstElement* encoder_ = nullptr;
  std::vector<GstElement*> elements_;
  std::uint64_t frame_duration_ = 0;  ///< ns; touched by the frames' thread only
  std::uint64_t next_time_ = 0;       ///< ns; touched by the frames' thread only
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<bool> failed_ = false;
};

}  // namespace rcnn::launch
