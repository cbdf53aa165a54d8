// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "launch/detect_options.hpp"
#include "launch/gst_parts.hpp"
#include "launch/inputs.hpp"

namespace rcnn::launch {

/// One video or camera to run through the network.
struct VideoJob {
  Input input{};
  std::filesystem::path annotated{};       ///< mp4 to write; empty: none
  std::string camera_element = "v4l2src";  ///< What opens a camera's device
};

/// The GStreamer pipeline of one job, not yet playing:
///
///   uridecodebin (camera: SOURCE ! decodebin) ! videoconvert ! videoflip video-direction=auto ! [queue:
///   cameras drop frames rather than fall behind] ! neuronrcnn ! videoconvert ! x264enc ! mp4mux ! filesink
///   (or a window, or both behind a tee, or ! fakesink)
///
/// Every frame that leaves neuronrcnn puts a FrameResult aside and an application message on the bus. It
/// waits while kMostWaiting of them have not been taken: raw outputs are megabytes each.
///
/// Thread safety: take_results() may be called from any thread; the rest from the owner's.
class VideoPipeline {
 public:
  /// \throws engine::Error if an element is missing.
  VideoPipeline(const VideoJob& job, const DetectOptions& options);
  /// Stops it.
  ~VideoPipeline();
  VideoPipeline(const VideoPipeline&) = delete;
  VideoPipeline& operator=(const VideoPipeline&) = delete;

  GstElement* element() const { return pipeline_.get(); }
  static constexpr std::size_t kMostWaiting = 8;

  /// Results since the last call, in the order of the frames.
  std::vector<FrameResult> take_results();

 private:
  GstElement* build_source(const VideoJob& job);
  void build_sinks(GstElement* network, const std::filesystem::path& annotated, bool display);
  void build_file(GstElement* frames, const std::filesystem::path& annotated);
  void gather(GstPad* pad, GstBuffer* buffer);

  static void on_pad_added(GstElement* decoder, GstPad* pad, gpointer self);
  static void on_no_more_pads(GstElement* decoder, gpointer self);
  static GstPadProbeReturn on_frame_in(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_frame_out(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_caps_out(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  const std::string name_;
  const std::uint64_t frame_limit_;
  const bool raw_;
  GstPointer<GstElement> pipeline_;
  GstElement* entry_ = nullptr;  ///< Owned by the pipeline, as are the others
  GstElement* encoder_caps_ = nullptr;
  std::uint64_t frames_in_ = 0;   ///< Touched by the decoder's thread only
  std::uint64_t frames_out_ = 0;  ///< Touched by neuronrcnn's thread only
  std::mutex mutex_;              ///< Guards the members below
  std::condition_variable taken_;
  std::vector<FrameResult> results_;
  bool stopping_ = false;
};

}  // namespace rcnn::launch
