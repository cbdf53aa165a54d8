// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/video.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

#include "elements/detections_watch.hpp"
#include "elements/entrance.hpp"
#include "elements/failed_frames.hpp"
#include "elements/gst_support.hpp"
#include "elements/latency_meter.hpp"
#include "elements/output_layout.hpp"
#include "elements/payloads.hpp"
#include "elements/rcnn_meta.hpp"
#include "elements/stage_settings.hpp"
#include "elements/stage_stats.hpp"
#include "pipeline/process_report.hpp"
#include "pipeline/stage_graph.hpp"

namespace rcnn::elements {

/// Which stages an element runs: one, or all six in a row.
struct StageSpan {
  pipeline::StageId first = pipeline::StageId::kPreprocess;
  pipeline::StageId last = pipeline::StageId::kPostprocess;

  bool enters() const { return first == pipeline::StageId::kPreprocess; }  ///< Owns the model and the slots
  bool leaves() const { return last == pipeline::StageId::kPostprocess; }  ///< Attaches and draws the results
};

/// The streaming side of an element: what comes in at the sink pad takes a number, runs through a StageGraph
/// and is pushed in order by the source pad's task.
///
///   chain / events -> [Entrance, stage 1 only] -> StageGraph (workers, cores) -> reorder -> task -> source
///   pad
///
/// A flow return that the task got from downstream is kept for the next chain or event. After a failure the
/// task goes on taking items, so that slots return and events (EOS above all) get through; buffers are let
/// go.
///
/// Thread safety: push_*() and drain() on the sink pad's streaming thread, pop_one() on the source pad's
/// task, the rest from any thread. `mutex_` guards what its comment says and is never held across a call into
/// GStreamer or the graph (the entrance's own mutex may be taken under it). std::mutex, since GLib's locks
/// are unseen by TSan.
class StageFlow {
 public:
  StageFlow(GstElement* element, GstPad* source, StageSpan stages);
  ~StageFlow();
  StageFlow(const StageFlow&) = delete;
  StageFlow& operator=(const StageFlow&) = delete;

  /// READY -> PAUSED: loads the model (stage 1) and makes the graph. \throws engine::Error; stays closed
  /// then.
  void open(const StageSettings& settings);
  /// PAUSED -> READY, pads inactive: lets go of everything.
  void close();
  /// Empty and ready to stream, after activation.
  void begin();
  /// The same after a flush: sticky events (stream-start, caps, tags) that the flush overtook are put on the
  /// source pad, where the next push finds them; upstream would not send them again.
  void begin_again();
  /// Flush, deactivation: waiting calls return, what is inside is discarded. Never waits.
  void interrupt();
  /// The source pad was linked again: a stored GST_FLOW_NOT_LINKED is forgotten, and what downstream reads.
  void relinked();

  GstFlowReturn push_buffer(BufferPtr buffer);
  /// Serialized events only. Also a failure that a chain call would return; the event takes its place even
  /// so.
  GstFlowReturn push_event(EventPtr event);
  /// Waits until all that was accepted is pushed; false on flush.
  bool drain();

  /// One item from the graph to the source pad; pauses the task when flushing.
  void pop_one();
  /// Remembers why nothing can be pushed any more. `posted`: the bus knows already.
  void fail(GstFlowReturn flow, bool posted);

  /// From now on frames' raw outputs leave the last stage with their buffers (keep_raw_outputs).
  void keep_raw() { raw_ = true; }

  /// Takes over what may change while playing.
  void configure(const StageSettings& settings);

  /// Null behind the first stage.
  Entrance* entrance() const { return entrance_.get(); }

  /// A QoS event from downstream; counts at the entrance only.
  void observe_qos(GstEvent* event);
  /// The pipeline shares out latency anew; counts at the entrance only.
  void latency_changed();
  StageStats stats() const;

  /// Latency that this element adds, and how much more it can hold back (stage 1: its slots).
  GstClockTime latency() const { return latency_.reported(); }
  GstClockTime buffering() const { return buffering_; }

 private:
  std::shared_ptr<pipeline::StageGraph> graph() const;
  GstFlowReturn flow() const;
  void set_entrance_cancelled(bool cancelled);
  pipeline::StreamStatus stream_status() const;
  void accept_at_entrance(GstEvent* event);
  bool accept_caps(EventPtr& event);
  bool submit(BufferPtr buffer, FrameRide ride);
  void deliver(pipeline::Item& item);
  void deliver_event(EventPtr event);
  std::exception_ptr carry(pipeline::Item& item);
  void push(BufferPtr buffer, const FrameRide& ride, bool failed);
  bool survives(const std::exception_ptr& error);
  void measure(pipeline::StageGraph& graph);

  GstElement* const element_;  // Owns this.
  GstPad* const source_;
  const StageSpan stages_;
  const std::shared_ptr<std::atomic<bool>> overlay_ = std::make_shared<std::atomic<bool>>(true);
  std::atomic<OnError> on_error_{OnError::kStop};
  std::atomic<bool> raw_{false};
  std::atomic<float> score_threshold_{-1.f};
  std::atomic<GstClockTime> buffering_{0};
  std::atomic<std::uint64_t> in_{0};
  std::atomic<std::uint64_t> out_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> dropped_error_{0};
  LatencyMeter latency_;

  mutable std::mutex mutex_;  // Guards the members up to the blank line.
  std::shared_ptr<pipeline::StageGraph> graph_;
  GstFlowReturn flow_ = GST_FLOW_FLUSHING;
  bool failure_known_ = false;        // Upstream was told or the bus has it: EOS need not post it.
  bool eos_ = false;                  // Accepted: no chain call will tell upstream of a later failure.
  std::deque<EventPtr> undelivered_;  // Sticky events inside the graph, in order.

  GstVideoInfo info_{};  // Sink streaming thread only; what lies in the mailbox enters before it changes.
  bool have_caps_ = false;

  OutputLayout layout_;  ///< Of frames that leave the last stage
  /// While all buffers pushed so far had detections. Source task only, as below.
  std::unique_ptr<DetectionsWatch> watch_;
  bool watched_ = false;  ///< Begun, or given up
  bool discont_ = false;  ///< A frame was left out (on-error=drop): the next buffer says so
  std::shared_ptr<const pipeline::Frame>
      inferred_;  // The last one delivered, for those that carry its detections.
  FailedFrames failures_{element_, "detections"};

  const std::unique_ptr<Entrance> entrance_;  // Null behind the first stage. Its thread uses those above.
  /// While open, with an entrance. Last, for it reads the rest.
  std::unique_ptr<pipeline::PublishedStream> published_;
};

}  // namespace rcnn::elements
