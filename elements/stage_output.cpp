// SPDX-License-Identifier: MIT
// The half of StageFlow that runs on the source pad's task.
#include <utility>

#include "elements/stage_flow.hpp"

namespace rcnn::elements {

void StageFlow::pop_one() {
  const auto graph = this->graph();
  const auto item = graph ? graph->pop() : nullptr;
  if (!item) {
    gst_pad_pause_task(source_);
    return;
  }
  deliver(*item);
  graph->popped();
  if (item->frame) {
    measure(*graph);
  }
}

void StageFlow::deliver(pipeline::Item& item) {
  if (auto* event = dynamic_cast<EventPayload*>(item.payload.get())) {
    deliver_event(event->take());
    return;
  }
  auto& payload = dynamic_cast<BufferPayload&>(*item.payload);
  const FrameRide& ride = payload.ride();
  if (stages_.leaves()) {
    item.error = item.error ? item.error : carry(item);
  }
  BufferPtr buffer = payload.take();
  if (item.error) {
    ++failed_;
  } else if (raw_ && item.frame) {
    set_frame_ride(buffer.get(), ride);
  }
  const bool onward = flow() == GST_FLOW_OK && (!item.error || survives(item.error));
  if (item.error && !onward) {
    ++dropped_error_;
    discont_ = true;
    if (flow() == GST_FLOW_OK) {
      push_gap(source_, buffer.get());
    }
  }
  if (onward) {
    push(std::move(buffer), ride, item.error != nullptr || ride.passage == Passage::kFailed);
  }
  if (stages_.leaves()) {
    ride.frame->release_slot();
  }
}

void StageFlow::deliver_event(EventPtr event) {
  EventPtr delivered;
  {
    const std::lock_guard lock(mutex_);
    if (!undelivered_.empty() && undelivered_.front() == event) {
      delivered = std::move(undelivered_.front());
      undelivered_.pop_front();
    }
  }
  if (GST_EVENT_TYPE(event.get()) == GST_EVENT_CAPS) {
    inferred_.reset();  // Its boxes are in pixels of another picture.
  }
  gst_pad_push_event(source_, event.release());  // Keeps a sticky event on the pad, delivered or not.
}

// Gives the detections of the last inferred frame to one that was not; here, since only here frames come in
// order.
std::exception_ptr StageFlow::carry(pipeline::Item& item) {
  auto& payload = dynamic_cast<BufferPayload&>(*item.payload);
  if (payload.ride().passage != Passage::kCarried) {
    inferred_ = item.frame ? item.frame : inferred_;
    return nullptr;
  }
  return inferred_ ? error_of([&] { payload.finish(*inferred_); }) : nullptr;
}

void StageFlow::push(BufferPtr buffer, const FrameRide& ride, bool failed) {
  if (failed && !stages_.leaves() && ride.passage != Passage::kFailed) {
    buffer = writable(std::move(buffer));
    set_frame_ride(buffer.get(), {.frame = ride.frame, .working = ride.working, .passage = Passage::kFailed});
  }
  if (stages_.leaves() && gst_buffer_get_meta(buffer.get(), detections_meta_api()) == nullptr) {
    watch_.reset();  // It failed, or there were none to carry: whoever hands it on did not lose them.
    watched_ = true;
  }
  if (stages_.leaves()) buffer = layout_.fit(std::move(buffer));
  if (std::exchange(discont_, false)) {
    buffer = writable(std::move(buffer));
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  }
  ++out_;
  const GstFlowReturn result = gst_pad_push(source_, buffer.release());
  if (result != GST_FLOW_OK) {
    fail(result, false);
  } else if (stages_.leaves() && !watched_) {
    watch_ = std::make_unique<DetectionsWatch>(element_, source_);
    watched_ = true;
  }
}

// Whether a frame whose stage failed goes on, as `on-error` says.
bool StageFlow::survives(const std::exception_ptr& error) {
  const OnError fate = failures_.report(error, on_error_);
  if (fate == OnError::kStop) {
    fail(GST_FLOW_ERROR, true);
  }
  return fate == OnError::kPass;
}

void StageFlow::measure(pipeline::StageGraph& graph) {
  const GstClockTime now = gst_util_get_timestamp();
  if (!latency_.due(now)) {
    return;
  }
  const pipeline::GraphCounters counters = graph.counters();
  if (latency_.observe(counters.latency_p95_ns, counters.out, now)) {
    gst_element_post_message(element_, gst_message_new_latency(GST_OBJECT(element_)));
  }
}

}  // namespace rcnn::elements
