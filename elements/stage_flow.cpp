// SPDX-License-Identifier: MIT
#include "elements/stage_flow.hpp"

#include <algorithm>

#include "elements/stage_caps.hpp"

namespace rcnn::elements {
namespace {

// A flush ends segments and EOS for good; all other sticky events outlive it.
bool outlives_flush(GstEventType type) {
  return (gst_event_type_get_flags(type) & GST_EVENT_TYPE_STICKY) != 0 && type != GST_EVENT_SEGMENT &&
         type != GST_EVENT_EOS;
}

// Events may queue beside the frames; the smallest max-in-flight plus 64 holds for every element, and is
// enough for the largest max-in-flight (64).
constexpr int kItemsBesideSlots = 64;

bool is_failure(GstFlowReturn flow) { return flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS; }

GstClockTime frame_duration(const GstVideoInfo& info) {
  if (info.fps_n <= 0) {
    return 0;
  }
  return gst_util_uint64_scale_int(GST_SECOND, info.fps_d, info.fps_n);
}

}  // namespace

StageFlow::StageFlow(GstElement* element, GstPad* source, StageSpan stages)
    : element_(element),
      source_(source),
      stages_(stages),
      layout_(source),
      entrance_(stages.enters()
                    ? std::make_unique<Entrance>(element,
                                                 [this](BufferPtr buffer, FrameRide ride) {
                                                   return submit(std::move(buffer), std::move(ride));
                                                 })
                    : nullptr) {}

StageFlow::~StageFlow() = default;

void StageFlow::open(const StageSettings& settings) {
  int slots = 0;
  if (entrance_) {
    entrance_->open(settings);
    slots = entrance_->slots();
  }
  auto graph = std::make_shared<pipeline::StageGraph>(pipeline::StageGraph::Options{
      .first = stages_.first, .last = stages_.last, .max_items = std::max(1, slots) + kItemsBesideSlots});
  latency_.reset(entrance_ ? entrance_->first_latency() : 0);
  buffering_ = 0;
  in_ = out_ = failed_ = dropped_error_ = 0;
  watched_ = false;
  failures_.reset();
  {
    const std::lock_guard lock(mutex_);
    graph_ = graph;
  }
  graph->set_score_threshold(
      score_threshold_);  // Last: a change while opening finds the graph, or is found here.
  if (entrance_) {
    published_ = std::make_unique<pipeline::PublishedStream>([this] { return stream_status(); });
  }
}

void StageFlow::close() {
  published_.reset();
  std::shared_ptr<pipeline::StageGraph> graph;
  {
    const std::lock_guard lock(mutex_);
    graph.swap(graph_);  // Destroyed below, without the lock.
    undelivered_.clear();
    flow_ = GST_FLOW_FLUSHING;
  }
  if (entrance_) {
    entrance_->close();
  }
  inferred_.reset();
  watch_.reset();
  have_caps_ = false;
}

void StageFlow::begin() {
  interrupt();
  const auto graph = this->graph();
  if (!graph) {
    return;
  }
  // First: what the mailbox's thread is still letting in has to meet the graph that was flushed.
  if (entrance_) {
    entrance_->begin();
  }
  graph->restart();
  inferred_.reset();
  discont_ = false;
  const std::lock_guard lock(mutex_);
  undelivered_.clear();
  flow_ = GST_FLOW_OK;
  failure_known_ = false;
  eos_ = false;
}

void StageFlow::begin_again() {
  std::deque<EventPtr> overtaken;
  {
    const std::lock_guard lock(mutex_);
    overtaken.swap(undelivered_);
  }
  for (const EventPtr& event : overtaken) {
    gst_pad_store_sticky_event(source_, event.get());
  }
  begin();
}

void StageFlow::interrupt() {
  std::shared_ptr<pipeline::StageGraph> graph;
  {
    const std::lock_guard lock(mutex_);
    flow_ = GST_FLOW_FLUSHING;
    graph = graph_;
    set_entrance_cancelled(true);
  }
  if (graph) {
    graph->flush();
  }
}

void StageFlow::relinked() {
  layout_.ask_again();
  const std::lock_guard lock(mutex_);
  if (flow_ != GST_FLOW_NOT_LINKED) {
    return;
  }
  flow_ = GST_FLOW_OK;
  failure_known_ = false;
  set_entrance_cancelled(false);
}

void StageFlow::set_entrance_cancelled(bool cancelled) {
  if (entrance_) {
    entrance_->set_cancelled(cancelled);
  }
}

std::shared_ptr<pipeline::StageGraph> StageFlow::graph() const {
  const std::lock_guard lock(mutex_);
  return graph_;
}

GstFlowReturn StageFlow::flow() const {
  const std::lock_guard lock(mutex_);
  return flow_;
}

void StageFlow::fail(GstFlowReturn flow, bool posted) {
  bool post_now = false;
  {
    const std::lock_guard lock(mutex_);
    if (flow_ != GST_FLOW_OK) {  // Flushing, or the first failure stands.
      return;
    }
    flow_ = flow;
    post_now = eos_ && is_failure(flow) && !posted;
    failure_known_ = posted || post_now;
    set_entrance_cancelled(true);  // A chain call that waits for a slot has to tell upstream.
  }
  if (post_now) {
    GST_ELEMENT_FLOW_ERROR(element_, flow);
  }
}

GstFlowReturn StageFlow::push_buffer(BufferPtr buffer) {
  const auto told = [this](GstFlowReturn stored) {
    const std::lock_guard lock(mutex_);
    failure_known_ = failure_known_ || is_failure(stored);
    return stored == GST_FLOW_OK ? GST_FLOW_FLUSHING : stored;
  };
  const auto graph = this->graph();
  if (const GstFlowReturn stored = flow(); stored != GST_FLOW_OK || !graph) {
    return told(stored);
  }
  if (!have_caps_) {
    return GST_FLOW_NOT_NEGOTIATED;
  }
  ++in_;
  bool on_its_way = false;
  if (entrance_) {
    on_its_way = entrance_->push(std::move(buffer));
  } else if (const FrameRide* ride = frame_ride(buffer.get())) {
    on_its_way = submit(std::move(buffer), *ride);
  } else {
    throw engine::Error(
        "a buffer came without its frame: an element between the stages made a new buffer. Only elements "
        "that pass buffers on belong there (queue, tee, identity, videoconvert without a change of format)");
  }
  return on_its_way ? GST_FLOW_OK : told(flow());
}

bool StageFlow::submit(BufferPtr buffer, FrameRide ride) {
  const auto graph = this->graph();
  if (!graph) {
    return false;
  }
  if (stages_.enters()) {
    ride.frame->image_size = {.width = info_.width, .height = info_.height};
  }
  if (stages_.enters() || stages_.leaves()) {
    buffer = writable(std::move(buffer));
  }
  if (stages_.leaves()) {
    if (raw_) ride.frame->keep_detail_outputs = true;
    remove_frame_ride(buffer.get());
  } else if (stages_.enters()) {
    set_frame_ride(buffer.get(), ride);
  }
  auto item = std::make_unique<pipeline::Item>();
  item->frame = ride.passage == Passage::kInferred ? ride.frame : nullptr;
  item->payload = std::make_unique<BufferPayload>(std::move(buffer), info_, std::move(ride),
                                                  stages_.leaves() ? overlay_ : nullptr);
  return graph->push(std::move(item));
}

bool StageFlow::accept_caps(EventPtr& event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event.get(), &caps);
  if (!gst_video_info_from_caps(&info_, caps)) {
    return false;
  }
  have_caps_ = true;
  buffering_ = entrance_ ? static_cast<GstClockTime>(entrance_->slots()) * frame_duration(info_) : 0;
  const CapsPtr onward = with_feature(caps, feature_after(stages_.last));
  EventPtr changed(gst_event_new_caps(onward.get()));
  gst_event_set_seqnum(changed.get(), gst_event_get_seqnum(event.get()));
  event = std::move(changed);
  return true;
}

GstFlowReturn StageFlow::push_event(EventPtr event) {
  const GstEventType type = GST_EVENT_TYPE(event.get());
  const auto graph = this->graph();
  if (!graph || flow() == GST_FLOW_FLUSHING) {
    return GST_FLOW_FLUSHING;
  }
  if (entrance_) {
    accept_at_entrance(event.get());
  }
  if (type == GST_EVENT_CAPS && !accept_caps(event)) {
    return GST_FLOW_NOT_NEGOTIATED;
  }
  GstFlowReturn stored = GST_FLOW_OK;
  bool post_now = false;
  {
    const std::lock_guard lock(mutex_);
    if (type == GST_EVENT_EOS) {
      eos_ = true;
      post_now = is_failure(flow_) && !failure_known_;
      failure_known_ = failure_known_ || post_now;
    } else if (type == GST_EVENT_STREAM_START) {
      eos_ = false;
    }
    if (outlives_flush(type)) {
      undelivered_.emplace_back(gst_event_ref(event.get()));
    }
    stored = flow_;
  }
  if (post_now) {
    GST_ELEMENT_FLOW_ERROR(element_, stored);
  }
  auto item = std::make_unique<pipeline::Item>();
  item->payload = std::make_unique<EventPayload>(std::move(event));
  if (!graph->push(std::move(item))) {
    return GST_FLOW_FLUSHING;
  }
  return is_failure(stored) ? stored : GST_FLOW_OK;
}

void StageFlow::accept_at_entrance(GstEvent* event) {
  entrance_->settle();
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    entrance_->infer_next();  // Detections are not carried over new caps.
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    entrance_->set_segment(*segment);
  }
}

bool StageFlow::drain() {
  const auto graph = this->graph();
  if (entrance_) {
    entrance_->settle();
  }
  return graph && flow() != GST_FLOW_FLUSHING && graph->wait_drained();
}

void StageFlow::observe_qos(GstEvent* event) {
  if (!entrance_) {
    return;
  }
  GstClockTimeDiff late = 0;
  GstClockTime time = GST_CLOCK_TIME_NONE;
  gst_event_parse_qos(event, nullptr, nullptr, &late, &time);
  entrance_->observe_qos(late, time);
}

void StageFlow::latency_changed() {
  if (entrance_) {
    entrance_->ask_for_latency();
  }
}

StageStats StageFlow::stats() const {
  StageStats stats{.in = in_, .out = out_, .failed = failed_, .dropped_error = dropped_error_};
  if (const auto graph = this->graph()) {
    stats.graph = graph->counters();
  }
  if (entrance_) {
    stats.entrance = entrance_->counters();
  }
  return stats;
}

pipeline::StreamStatus StageFlow::stream_status() const {
  const StageStats stats = this->stats();
  pipeline::StreamStatus status = entrance_->status();
  status.name = TextPtr(gst_object_get_path_string(GST_OBJECT(element_))).get();
  status.failed = stats.failed;
  status.queued = stats.graph.inside + stats.entrance->waiting;
  status.latency_p50_ns = stats.graph.latency_p50_ns;
  status.latency_p99_ns = stats.graph.latency_p99_ns;
  return status;
}

void StageFlow::configure(const StageSettings& settings) {
  *overlay_ = settings.overlay;
  on_error_ = settings.on_error;
  score_threshold_ = static_cast<float>(settings.score_threshold);
  if (const auto graph = this->graph()) {
    graph->set_score_threshold(score_threshold_);
  }
  if (entrance_) {
    entrance_->configure(settings);
  }
}

}  // namespace rcnn::elements
