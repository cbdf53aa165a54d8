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

BufferPtr writable(BufferPtr buffer) { return BufferPtr(gst_buffer_make_writable(buffer.release())); }

GstClockTime frame_duration(const GstVideoInfo& info) {
  if (info.fps_n <= 0) {
    return 0;
  }
  return gst_util_uint64_scale_int(GST_SECOND, info.fps_d, info.fps_n);
}

}  // namespace

StageFlow::StageFlow(GstElement* element, GstPad* source, StageSpan stages)
    : element_(element), source_(source), stages_(stages) {}

StageFlow::~StageFlow() = default;

void StageFlow::open(const StageSettings& settings) {
  std::shared_ptr<const pipeline::Session> session;
  std::shared_ptr<pipeline::FramePool> pool;
  slots_ = 0;
  if (stages_.enters()) {
    if (settings.model.empty()) {
      throw engine::SettingError(
          "No model is set. Set the property model=FILE.rcnn; such a file is made with: "
          "neuron-rcnn compile --config CONFIG --weights WEIGHTS -o FILE.rcnn");
    }
    session = pipeline::Session::create(
        {.model = settings.model, .cores = settings.cores, .placement = settings.placement});
    slots_ = settings.max_in_flight;
    pool = std::make_shared<pipeline::FramePool>(slots_);
  }
  auto graph = std::make_shared<pipeline::StageGraph>(pipeline::StageGraph::Options{
      .first = stages_.first, .last = stages_.last, .max_items = std::max(1, slots_) + kItemsBesideSlots});
  latency_.reset(session ? session->warm_up_ns() : 0);
  buffering_ = 0;
  watched_ = false;
  next_warning_ = 0;
  unwarned_ = 0;
  {
    const std::lock_guard lock(mutex_);
    graph_ = graph;
    pool_ = std::move(pool);
    session_ = std::move(session);
  }
  graph->set_score_threshold(
      score_threshold_);  // Last: a change while opening finds the graph, or is found here.
}

void StageFlow::close() {
  std::shared_ptr<pipeline::StageGraph> graph;
  std::shared_ptr<pipeline::FramePool> pool;
  std::shared_ptr<const pipeline::Session> session;
  {
    const std::lock_guard lock(mutex_);
    graph.swap(graph_);  // Destroyed below, without the lock.
    pool.swap(pool_);
    session.swap(session_);
    undelivered_.clear();
    flow_ = GST_FLOW_FLUSHING;
  }
  have_caps_ = false;
}

void StageFlow::begin() {
  interrupt();
  std::shared_ptr<pipeline::FramePool> pool;
  std::shared_ptr<pipeline::StageGraph> graph;
  {
    const std::lock_guard lock(mutex_);
    pool = pool_;
    graph = graph_;
  }
  if (!graph) {
    return;
  }
  graph->restart();
  if (pool) {
    pool->set_cancelled(false);
  }
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
  std::shared_ptr<pipeline::FramePool> pool;
  std::shared_ptr<pipeline::StageGraph> graph;
  {
    const std::lock_guard lock(mutex_);
    flow_ = GST_FLOW_FLUSHING;
    pool = pool_;
    graph = graph_;
  }
  if (pool) {
    pool->set_cancelled(true);
  }
  if (graph) {
    graph->flush();
  }
}

void StageFlow::relinked() {
  const std::lock_guard lock(mutex_);
  if (flow_ != GST_FLOW_NOT_LINKED) {
    return;
  }
  flow_ = GST_FLOW_OK;
  failure_known_ = false;
  if (pool_) {
    pool_->set_cancelled(false);
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
    if (pool_) {
      pool_->set_cancelled(true);  // A chain call that waits for a slot has to tell upstream.
    }
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
  FrameRide ride;
  if (stages_.enters()) {
    ride = enter();
    if (!ride.frame) {
      return told(flow());
    }
    buffer = writable(std::move(buffer));
    set_frame_ride(buffer.get(), ride);
  } else if (const FrameRide* found = frame_ride(buffer.get())) {
    ride = *found;
  } else {
    throw engine::Error(
        "a buffer came without its frame: an element between the stages made a new buffer. Only elements "
        "that pass "
        "buffers on belong there (queue, tee, identity, videoconvert without a change of format)");
  }
  if (stages_.leaves()) {
    buffer = writable(std::move(buffer));
    remove_frame_ride(buffer.get());
  }
  auto item = std::make_unique<pipeline::Item>();
  item->frame = ride.failed ? nullptr : ride.frame;
  item->payload = std::make_unique<BufferPayload>(std::move(buffer), info_, std::move(ride),
                                                  stages_.leaves() ? overlay_ : nullptr);
  return graph->push(std::move(item)) ? GST_FLOW_OK : told(flow());
}

FrameRide StageFlow::enter() {
  std::shared_ptr<pipeline::FramePool> pool;
  FrameRide ride;
  std::shared_ptr<const pipeline::Session> session;
  {
    const std::lock_guard lock(mutex_);
    pool = pool_;
    session = session_;
  }
  if (!pool) {
    return ride;
  }
  ride.frame = pool->acquire(std::chrono::seconds(5), [this](int held) { report_stall(held); });
  if (ride.frame) {
    ride.frame->session = std::move(session);
    ride.frame->image_size = {.width = info_.width, .height = info_.height};
    ride.working = working_;
  }
  return ride;
}

// While any stage has work, or a push of its result waits, a full entrance is back-pressure and as it should
// be.
void StageFlow::report_stall(int held) {
  if (*working_ > 0) {
    return;
  }
  post(element_, GST_MESSAGE_WARNING,
       {"All " + std::to_string(held) +
            " frames that max-in-flight allows have been held between the stages for 5 seconds (by an "
            "appsink, a "
            "sink's last-sample, a queue that nothing empties); no more can enter. Release buffers taken "
            "between "
            "the stages, or take them behind postprocess-overlay.",
        GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY});
}

bool StageFlow::accept_caps(EventPtr& event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event.get(), &caps);
  if (!gst_video_info_from_caps(&info_, caps)) {
    return false;
  }
  have_caps_ = true;
  buffering_ = static_cast<GstClockTime>(slots_) * frame_duration(info_);
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

bool StageFlow::drain() {
  const auto graph = this->graph();
  return graph && flow() != GST_FLOW_FLUSHING && graph->wait_drained();
}

void StageFlow::set_score_threshold(double threshold) {
  score_threshold_ = static_cast<float>(threshold);
  if (const auto graph = this->graph()) {
    graph->set_score_threshold(score_threshold_);
  }
}

}  // namespace rcnn::elements
