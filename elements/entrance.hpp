// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "elements/gst_support.hpp"
#include "elements/mailbox.hpp"
#include "elements/rcnn_meta.hpp"
#include "elements/stage_settings.hpp"
#include "pipeline/process_report.hpp"
#include "pipeline/session.hpp"

namespace rcnn::elements {

/// Why a frame was dropped before it entered.
enum class Dropped { kNewest, kOldest, kLate, kQos };
inline constexpr std::size_t kDroppedReasons = 4;

/// Figures since open().
struct EntranceCounters {
  std::array<std::uint64_t, kDroppedReasons> dropped{};  ///< Index = Dropped
  int in_flight = 0;                                     ///< Slots taken
  int waiting = 0;                                       ///< In the mailbox: 0 or 1
  std::uint64_t pool_misses = 0;                         ///< Session::pool_misses of the model
  std::vector<engine::CoreStatus> cores;                 ///< That the model is on
};

/// The way into the stages, part of the element that has the first one: owns the model and the slots, and
/// decides which frames enter. What does not is dropped here and nowhere else: counted, announced by a QoS
/// message, and the next buffer that enters is DISCONT.
///
/// Thread safety: push(), settle(), set_segment(), infer_next() on the sink pad's streaming thread, the rest
/// from any. `mutex_` guards what its comment says; only a pool's own mutex is taken under it.
class Entrance {
 public:
  /// Sends a buffer that got its slot on its way; false when flushing. On the streaming thread or on the
  /// mailbox's, never on both at once.
  using Submit = std::function<bool(BufferPtr, FrameRide)>;

  Entrance(GstElement* element, Submit submit);

  /// Loads the model. \throws engine::Error; stays closed then.
  void open(const StageSettings& settings);
  /// Once cancelled. Waits for the mailbox's thread to be out of it.
  void close();
  /// Forgets what a flush ends: segment, interval, what was on its way in. Once cancelled.
  void begin();
  /// While set, nothing enters and nothing waits.
  void set_cancelled(bool cancelled);
  void configure(const StageSettings& settings);

  /// Loads a model while another one plays; it takes up memory beside it. \throws engine::Error
  static std::shared_ptr<const pipeline::Session> load(const StageSettings& settings);
  /// Frames that enter from now on run on this model; those inside stay on theirs. False where closed.
  bool adopt(std::shared_ptr<const pipeline::Session> session);
  /// The model that frames enter on and how it was loaded; none where closed.
  std::optional<pipeline::SessionOptions> options() const;

  /// Lets the buffer in, keeps it in the mailbox or drops it; false when cancelled.
  bool push(BufferPtr buffer);
  /// Waits until what lies in the mailbox has entered: an event is about to take its place behind it.
  void settle() { mailbox_.settle(); }
  void set_segment(const GstSegment& segment) { segment_ = segment; }
  /// The next frame that enters is inferred, and the interval counts from there. Once settled.
  void infer_next() { since_inferred_ = 0; }
  /// A QoS event from downstream: the frame of running time `time` came `late` ns late (early: < 0).
  void observe_qos(GstClockTimeDiff late, GstClockTime time);
  /// What is upstream may have another latency from now on.
  void ask_for_latency() { latency_stale_ = true; }

  int slots() const { return slots_; }
  /// Latency before any was measured, ns: the warm-up inference, and what frames may wait for their batch.
  GstClockTime first_latency() const;
  EntranceCounters counters() const;
  /// The entrance's part of what the process's report says of the stream.
  pipeline::StreamStatus status() const;

 private:
  std::shared_ptr<pipeline::FramePool> pool() const;
  std::shared_ptr<const pipeline::Session> session() const;
  std::shared_ptr<pipeline::Frame> wait_for_slot();
  bool enter(BufferPtr buffer, std::shared_ptr<pipeline::Frame> frame);
  bool push_to_mailbox(BufferPtr buffer);
  BufferPtr mark(BufferPtr buffer);
  void drop(BufferPtr buffer, Dropped reason);
  bool is_late(GstBuffer* buffer);
  bool would_be_late(GstBuffer* buffer) const;
  engine::Dispatch dispatch() const;
  GstClockTimeDiff lateness(GstBuffer* buffer);
  GstClockTime upstream_latency();
  GstClockTime running_time(GstBuffer* buffer) const;
  void report_stall(int held);

  GstElement* const element_;  // Owns this.
  const Submit submit_;
  const std::shared_ptr<std::atomic<int>> working_ = std::make_shared<std::atomic<int>>(0);
  std::atomic<DropPolicy> policy_{DropPolicy::kNone};
  std::atomic<std::uint64_t> deadline_{0};
  std::atomic<int> interval_{1};
  std::atomic<bool> qos_{false};
  const std::uint64_t stream_ = engine::new_stream_id();
  std::atomic<engine::DispatchPolicy> dispatch_{};
  std::atomic<int> priority_{0};
  std::atomic<int> batch_size_{1};
  std::atomic<std::uint64_t> batch_timeout_{0};
  std::atomic<GstClockTime> earliest_{0};  ///< What is due before would come late, says downstream
  std::atomic<bool> latency_stale_{true};
  std::atomic<std::uint64_t> entered_{0};
  std::array<std::atomic<std::uint64_t>, kDroppedReasons> dropped_{};

  mutable std::mutex mutex_;  // Guards the next two.
  std::shared_ptr<pipeline::FramePool> pool_;
  std::shared_ptr<const pipeline::Session> session_;

  int slots_ = 0;         // Set while the pads are inactive.
  GstSegment segment_{};  // Streaming thread only, as below.
  GstClockTime upstream_latency_ = 0;
  bool discont_ = false;    // A frame was dropped: the next one says so.
  int since_inferred_ = 0;  // Whoever submits: never two at once.
  Mailbox mailbox_;         // Last: its thread uses the rest.
};

}  // namespace rcnn::elements
