// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "launch/detect_options.hpp"
#include "launch/gst_parts.hpp"
#include "launch/inputs.hpp"
#include "launch/source_watch.hpp"
#include "launch/video_copy.hpp"

namespace rcnn::launch {

/// How long a pipeline in which nothing moves is waited for.
struct Patience {
  std::chrono::milliseconds source{30000};  ///< For a file's next frame, and for the encoder's last ones
  std::chrono::milliseconds ending{3000};   ///< For each way to end the stream after Ctrl-C
  std::chrono::milliseconds stop{5000};     ///< For the threads of a pipeline that is stopped
};

/// One video or camera to run through the network.
struct VideoJob {
  Input input{};
  std::filesystem::path annotated{};       ///< mp4 to write; empty: none
  std::string camera_element = "v4l2src";  ///< What opens a camera's device
  Patience patience{};
};

/// How far a stream has come.
struct StreamProgress {
  std::uint64_t entered = 0;  ///< Frames that the source gave
  std::uint64_t left = 0;     ///< Frames that the network is done with
  std::uint64_t written = 0;  ///< Pieces of the annotated file
  bool source_ended = false;
  bool drained = false;  ///< The end of the stream has passed the network

  /// Grows whenever something moves.
  std::uint64_t total() const {
    return entered + left + written + (source_ended ? 1 : 0) + (drained ? 1 : 0);
  }
};

/// The GStreamer pipeline of one job, not yet playing:
///
///   uridecodebin (camera: SOURCE ! decodebin) ! videoconvert ! videoflip video-direction=auto ! [queue:
///   cameras drop frames rather than fall behind] ! neuronrcnn ! VideoCopy (or a window, or both behind a
///   tee, or fakesink)
///
/// Every frame that leaves neuronrcnn puts a FrameResult aside and an application message on the bus. It
/// waits while kMostWaiting of them have not been taken: raw outputs are megabytes each.
///
/// Thread safety: take_results() and progress() may be called from any thread; the rest from the owner's.
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
  StreamProgress progress() const;
  const SourceWatch& source() const { return source_watch_; }
  /// The annotated video's part; null: none is written.
  VideoCopy* copy() { return copy_ ? &*copy_ : nullptr; }

  /// Asks the source to end the stream. Returns at once.
  void end_source();
  /// Ends the stream behind a source that does not. Returns at once.
  void end_behind_source();
  /// False if threads still run after `patience`: then the pipeline must live for as long as they do.
  bool stop(std::chrono::milliseconds patience);

 private:
  GstElement* build_source(const VideoJob& job);
  void build_sinks(GstElement* network, const std::filesystem::path& annotated, bool display);
  /// Lets go of threads that wait for take_results().
  void quicken();
  void gather(GstPad* pad, GstBuffer* buffer);

  static gboolean on_autoplug(GstElement* decoder, GstPad* pad, GstCaps* caps, gpointer self);
  static void on_pad_added(GstElement* decoder, GstPad* pad, gpointer self);
  static void on_no_more_pads(GstElement* decoder, gpointer self);
  static GstPadProbeReturn on_frame_in(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_entered(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_left(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_frame_out(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  const std::string name_;
  const std::uint64_t frame_limit_;
  const bool raw_;
  GstPointer<GstElement> pipeline_;
  SourceWatch source_watch_;
  GstElement* entry_ = nullptr;  ///< Owned by the pipeline, as are the others
  GstElement* network_ = nullptr;
  std::optional<VideoCopy> copy_;
  std::uint64_t frames_in_ = 0;  ///< Touched by the decoder's thread only
  std::atomic<std::uint64_t> entered_ = 0;
  std::atomic<std::uint64_t> frames_out_ = 0;
  std::atomic<bool> source_ended_ = false;
  std::atomic<bool> drained_ = false;
  std::mutex mutex_;  ///< Guards the members below
  std::condition_variable taken_;
  std::vector<FrameResult> results_;
  bool stopping_ = false;
};

/// Stops a pipeline before it goes. One whose threads do not end, as those of a demuxer that runs in circles,
/// is left running and noted: the process has to end without waiting for them.
struct StopOrAbandon {
  std::chrono::milliseconds patience{};
  void operator()(VideoPipeline* pipeline) const;
};
using VideoPipelinePointer = std::unique_ptr<VideoPipeline, StopOrAbandon>;

/// Whether a pipeline of this process was left running. Thread safety: any thread.
bool is_pipeline_abandoned();

}  // namespace rcnn::launch
