// SPDX-License-Identifier: MIT
#include "elements/entrance.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "elements/roi_proposals.hpp"
#include "pipeline/default_model.hpp"

namespace rcnn::elements {
namespace {

struct ClockReleaser {
  void operator()(GstClock* clock) const { gst_object_unref(clock); }
};
using ClockPtr = std::unique_ptr<GstClock, ClockReleaser>;

std::vector<engine::CoreStatus> cores_of(const pipeline::Session& session) {
  const std::vector<int> ids = session.programs().cores();
  std::vector<engine::CoreStatus> cores;
  for (auto& status : engine::CorePool::process().status()) {
    if (std::find(ids.begin(), ids.end(), status.id) != ids.end()) {
      cores.push_back(std::move(status));
    }
  }
  return cores;
}

}  // namespace

Entrance::Entrance(GstElement* element, Submit submit)
    : element_(element),
      submit_(std::move(submit)),
      mailbox_(
          [this] {
            return guarded(element_, std::shared_ptr<pipeline::Frame>(), [this] { return wait_for_slot(); });
          },
          [this](BufferPtr buffer, std::shared_ptr<pipeline::Frame> frame) {
            guarded_void(element_, [&] { enter(std::move(buffer), std::move(frame)); });
          }) {
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  configure({});
}

std::shared_ptr<const pipeline::Session> Entrance::load(const StageSettings& settings) {
  const std::filesystem::path model =
      settings.model.empty() ? pipeline::default_model() : std::filesystem::path(settings.model);
  return pipeline::Session::create({.model = model,
                                    .cores = settings.cores,
                                    .placement = settings.placement,
                                    .deterministic = settings.deterministic});
}

void Entrance::open(const StageSettings& settings) {
  auto session = load(settings);
  if (settings.model.empty()) {
    // gst-launch-1.0 shows the second text of such a message and not the first.
    const char* path = session->options().model.c_str();
    GST_ELEMENT_INFO(element_, LIBRARY, SETTINGS, ("No model is set: the default one runs, %s", path),
                     ("No model is set: the default one runs, %s", path));
  }
  auto pool = std::make_shared<pipeline::FramePool>(settings.max_in_flight);
  slots_ = settings.max_in_flight;
  entered_ = 0;
  for (auto& count : dropped_) {
    count = 0;
  }
  const std::lock_guard lock(mutex_);
  pool_ = std::move(pool);
  session_ = std::move(session);
}

bool Entrance::adopt(std::shared_ptr<const pipeline::Session> session) {
  const std::lock_guard lock(mutex_);
  if (!session_) {
    return false;
  }
  session_.swap(session);  // The old one goes without the lock, or with the last frame that runs on it.
  return true;
}

std::optional<pipeline::SessionOptions> Entrance::options() const {
  const std::lock_guard lock(mutex_);
  return session_ ? std::optional(session_->options()) : std::nullopt;
}

void Entrance::close() {
  mailbox_.settle();  // Its thread may be past the wait for a slot, and about to use the model.
  std::shared_ptr<pipeline::FramePool> pool;
  std::shared_ptr<const pipeline::Session> session;
  const std::lock_guard lock(mutex_);
  pool.swap(pool_);  // Both go without the lock.
  session.swap(session_);
}

void Entrance::begin() {
  mailbox_.settle();
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  infer_next();
  earliest_ = 0;
  ask_for_latency();
  set_cancelled(false);
}

void Entrance::set_cancelled(bool cancelled) {
  if (const auto pool = this->pool()) {
    pool->set_cancelled(cancelled);
  }
}

void Entrance::configure(const StageSettings& settings) {
  policy_ = settings.drop_policy;
  deadline_ = settings.deadline;
  interval_ = settings.inference_interval;
  qos_ = settings.qos;
  dispatch_ = settings.dispatch;
  priority_ = settings.priority;
  batch_size_ = settings.batch_size;
  batch_timeout_ = settings.batch_timeout;
}

engine::Dispatch Entrance::dispatch() const {
  return {.stream = stream_,
          .policy = dispatch_,
          .priority = priority_,
          .batch_size = batch_size_,
          .batch_timeout = std::chrono::nanoseconds(batch_timeout_)};
}

void Entrance::observe_qos(GstClockTimeDiff late, GstClockTime time) {
  if (!GST_CLOCK_TIME_IS_VALID(time)) {
    return;
  }
  // Twice, so as to catch up: frames that come just in time after that skip none.
  const GstClockTimeDiff ahead = static_cast<GstClockTimeDiff>(time) + (late > 0 ? 2 * late : late);
  earliest_ = static_cast<GstClockTime>(std::max<GstClockTimeDiff>(0, ahead));
}

std::shared_ptr<pipeline::FramePool> Entrance::pool() const {
  const std::lock_guard lock(mutex_);
  return pool_;
}

GstClockTime Entrance::first_latency() const {
  const std::lock_guard lock(mutex_);
  if (!session_) {
    return 0;
  }
  const std::uint64_t programs = session_->has_details() ? 3 : 2;
  return session_->warm_up_ns() + (batch_size_ > 1 ? programs * batch_timeout_ : 0);
}

EntranceCounters Entrance::counters() const {
  EntranceCounters counters;
  for (std::size_t i = 0; i < kDroppedReasons; ++i) {
    counters.dropped.at(i) = dropped_.at(i);
  }
  const auto pool = this->pool();
  counters.in_flight = pool ? pool->in_flight() : 0;
  counters.waiting = mailbox_.holds() ? 1 : 0;
  if (const auto session = this->session()) {
    counters.pool_misses = session->pool_misses();
    counters.cores = cores_of(*session);
  }
  return counters;
}

pipeline::StreamStatus Entrance::status() const {
  pipeline::StreamStatus status;
  if (const auto session = this->session()) status.model = session->options().model.string();
  status.dispatch = dispatch_;
  status.priority = priority_;
  status.entered = entered_;
  for (const auto& count : dropped_) {
    status.dropped += count;
  }
  const auto pool = this->pool();
  status.in_flight = pool ? pool->in_flight() : 0;
  status.slots = pool ? pool->max_in_flight() : 0;
  return status;
}

std::shared_ptr<const pipeline::Session> Entrance::session() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

bool Entrance::push(BufferPtr buffer) {
  const auto pool = this->pool();
  if (!pool) {
    return false;
  }
  if (qos_ && would_be_late(buffer.get())) {
    drop(std::move(buffer), Dropped::kQos);
    return true;
  }
  const DropPolicy policy = policy_;
  if (policy == DropPolicy::kOldest) {
    return push_to_mailbox(std::move(buffer));
  }
  settle();  // The policy may have changed while a buffer lay there.
  // Looked at twice: a late frame does not wait, and one that waited may be late.
  if (policy == DropPolicy::kLate && is_late(buffer.get())) {
    drop(std::move(buffer), Dropped::kLate);
    return true;
  }
  auto frame = policy == DropPolicy::kNewest ? pool->try_acquire() : wait_for_slot();
  if (!frame) {
    if (policy != DropPolicy::kNewest) {
      return false;
    }
    drop(std::move(buffer), Dropped::kNewest);
    return true;
  }
  if (policy == DropPolicy::kLate && is_late(buffer.get())) {
    drop(std::move(buffer), Dropped::kLate);
    return true;
  }
  return enter(mark(std::move(buffer)), std::move(frame));
}

bool Entrance::push_to_mailbox(BufferPtr buffer) {
  if (mailbox_.idle()) {
    if (auto frame = pool()->try_acquire()) {
      return enter(mark(std::move(buffer)), std::move(frame));
    }
  }
  if (BufferPtr displaced = mailbox_.take()) {
    drop(std::move(displaced), Dropped::kOldest);
  }
  mailbox_.put(mark(std::move(buffer)));
  return true;
}

std::shared_ptr<pipeline::Frame> Entrance::wait_for_slot() {
  const auto pool = this->pool();
  return pool ? pool->acquire(std::chrono::seconds(5), [this](int held) { report_stall(held); }) : nullptr;
}

bool Entrance::enter(BufferPtr buffer, std::shared_ptr<pipeline::Frame> frame) {
  FrameRide ride{.frame = std::move(frame), .working = working_};
  {
    const std::lock_guard lock(mutex_);
    ride.frame->session = session_;
  }
  ride.frame->dispatch = dispatch();
  if (ride.frame->session->config().load_proposals) {
    ride.frame->given_proposals = attached_proposals(buffer.get());
  }
  if (since_inferred_ != 0) {
    ride.passage = Passage::kCarried;
  } else if (ride.frame->dispatch.batch_size > 1) {
    ride.frame->admission = ride.frame->session->programs().admit();
  }
  since_inferred_ = (since_inferred_ + 1) % interval_;
  ++entered_;
  return submit_(std::move(buffer), std::move(ride));
}

BufferPtr Entrance::mark(BufferPtr buffer) {
  if (std::exchange(discont_, false)) {
    buffer = writable(std::move(buffer));
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  }
  return buffer;
}

void Entrance::drop(BufferPtr buffer, Dropped reason) {
  discont_ = true;
  ++dropped_.at(static_cast<std::size_t>(reason));
  std::uint64_t all = 0;
  for (const auto& count : dropped_) {
    all += count;
  }
  const GstClockTime time = GST_BUFFER_PTS(buffer.get());
  const GstClockTime stream_time = segment_.format == GST_FORMAT_TIME
                                       ? gst_segment_to_stream_time(&segment_, GST_FORMAT_TIME, time)
                                       : GST_CLOCK_TIME_NONE;
  GstMessage* message = gst_message_new_qos(GST_OBJECT(element_), FALSE, running_time(buffer.get()),
                                            stream_time, time, GST_BUFFER_DURATION(buffer.get()));
  gst_message_set_qos_values(message, lateness(buffer.get()), 1.0, 1'000'000);
  gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, entered_, all);
  gst_element_post_message(element_, message);
}

bool Entrance::is_late(GstBuffer* buffer) {
  return lateness(buffer) > static_cast<GstClockTimeDiff>(deadline_.load());
}

bool Entrance::would_be_late(GstBuffer* buffer) const {
  const GstClockTime due = running_time(buffer);
  return GST_CLOCK_TIME_IS_VALID(due) && due < earliest_;
}

// How long ago the buffer was due here by the pipeline's clock; 0 where nobody can tell.
GstClockTimeDiff Entrance::lateness(GstBuffer* buffer) {
  const GstClockTime due = running_time(buffer);
  const ClockPtr clock(gst_element_get_clock(element_));
  GST_OBJECT_LOCK(element_);
  const bool playing = GST_STATE(element_) == GST_STATE_PLAYING;
  GST_OBJECT_UNLOCK(element_);
  if (!GST_CLOCK_TIME_IS_VALID(due) || !clock || !playing) {
    return 0;
  }
  const GstClockTime now = gst_clock_get_time(clock.get()) - gst_element_get_base_time(element_);
  return GST_CLOCK_DIFF(due + upstream_latency(), now);
}

// What a frame of a live source takes to come here, and sinks give it on top of its running time. Upstream is
// asked without a lock, and seldom: the question goes through all of it.
GstClockTime Entrance::upstream_latency() {
  // Reset first: what changes while the answer is on its way is asked for again.
  if (latency_stale_.exchange(false)) {
    gboolean live = FALSE;
    GstClockTime least = 0;
    const PadPtr sink(gst_element_get_static_pad(element_, "sink"));
    const QueryPtr query(gst_query_new_latency());
    if (gst_pad_peer_query(sink.get(), query.get())) {
      gst_query_parse_latency(query.get(), &live, &least, nullptr);
    }
    upstream_latency_ = live ? least : 0;
  }
  return upstream_latency_;
}

GstClockTime Entrance::running_time(GstBuffer* buffer) const {
  return segment_.format == GST_FORMAT_TIME
             ? gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer))
             : GST_CLOCK_TIME_NONE;
}

// While any stage has work, or a push of its result waits, a full entrance is back-pressure and as it should
// be.
void Entrance::report_stall(int held) {
  if (*working_ > 0) {
    return;
  }
  post(
      element_, GST_MESSAGE_WARNING,
      {"All " + std::to_string(held) +
           " frames that max-in-flight allows have been held between the stages for 5 seconds (by an "
           "appsink, a sink's last-sample, a queue that nothing empties); no more can enter. Release buffers "
           "taken between the stages, or take them behind postprocess-overlay.",
       GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY});
}

}  // namespace rcnn::elements
