// SPDX-License-Identifier: MIT
#include "elements/stage_element.hpp"

#include <mutex>

#include "elements/element_class.hpp"
#include "elements/latest_job.hpp"
#include "elements/stage_caps.hpp"
#include "elements/stage_properties.hpp"
#include "elements/stage_queries.hpp"

using rcnn::elements::BufferPtr;
using rcnn::elements::EventPtr;
using rcnn::elements::guarded;
using rcnn::elements::guarded_void;
using rcnn::elements::PropertyId;
using rcnn::elements::StageFlow;
using rcnn::elements::StageSettings;

struct GstRcnnStage::State {
  GstPad* sink = nullptr;  // Borrowed: the element owns its pads.
  GstPad* source = nullptr;
  std::unique_ptr<StageFlow> flow;
  std::mutex mutex;  // Guards the next two.
  StageSettings settings;
  std::string model_asked_for;  ///< The last one that was loaded or is about to be

  rcnn::elements::LatestJob swap;  // Last: what it runs uses the others.
};

G_DEFINE_ABSTRACT_TYPE(GstRcnnStage, gst_rcnn_stage, GST_TYPE_ELEMENT)

namespace {

GstRcnnStage* stage_of(gpointer object) { return static_cast<GstRcnnStage*>(object); }
GstRcnnStage::State& state_of(gpointer object) { return *stage_of(object)->state; }
rcnn::elements::StageSpan stages_of(gpointer object) {
  return reinterpret_cast<GstRcnnStageClass*>(G_OBJECT_GET_CLASS(object))->stages;
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) {
  BufferPtr owned(buffer);
  StageFlow& flow = *state_of(parent).flow;
  return guarded(parent, GST_FLOW_ERROR, [&] { return flow.push_buffer(std::move(owned)); });
}

void task(gpointer element) {
  StageFlow& flow = *state_of(element).flow;
  const bool well = guarded(element, false, [&] {
    flow.pop_one();
    return true;
  });
  if (!well) {
    flow.fail(GST_FLOW_ERROR, true);
  }
}

// Not GStreamer's macro: it mixes enumerations, which clang refuses in C++20.
bool is_serialized(GstEvent* event) {
  return (gst_event_type_get_flags(GST_EVENT_TYPE(event)) & GST_EVENT_TYPE_SERIALIZED) != 0;
}

GstFlowReturn flow_of(bool passed) { return passed ? GST_FLOW_OK : GST_FLOW_ERROR; }

GstFlowReturn flush_start(GstRcnnStage::State& state, EventPtr event) {
  state.flow->interrupt();
  // Downstream first: it frees a push that the task may be in, which pausing waits for.
  const bool passed = gst_pad_push_event(state.source, event.release());
  gst_pad_pause_task(state.source);
  return flow_of(passed);
}

GstFlowReturn flush_stop(GstRcnnStage::State& state, gpointer element, EventPtr event) {
  state.flow->begin_again();
  const bool passed = gst_pad_push_event(state.source, event.release());
  if (gst_pad_is_active(state.source)) {
    gst_pad_start_task(state.source, task, element, nullptr);
  }
  return flow_of(passed);
}

// The full form of an event function: refused as FLUSHING, a source ends quietly; refused as FALSE, it
// reports an error.
GstFlowReturn sink_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  EventPtr owned(event);
  auto& state = state_of(parent);
  return guarded(parent, GST_FLOW_ERROR, [&] {
    switch (GST_EVENT_TYPE(event)) {
      case GST_EVENT_FLUSH_START:
        return flush_start(state, std::move(owned));
      case GST_EVENT_FLUSH_STOP:
        return flush_stop(state, parent, std::move(owned));
      default:
        return is_serialized(event) ? state.flow->push_event(std::move(owned))
                                    : flow_of(gst_pad_event_default(pad, parent, owned.release()));
    }
  });
}

gboolean source_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
    guarded_void(parent, [&] { state_of(parent).flow->relinked(); });
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
    guarded_void(parent, [&] { state_of(parent).flow->observe_qos(event); });
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_LATENCY) {
    guarded_void(parent, [&] { state_of(parent).flow->latency_changed(); });
  }
  return gst_pad_event_default(pad, parent, event);
}

gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto& state = state_of(parent);
  return guarded(parent, FALSE, [&] {
    std::unique_lock lock(state.mutex);
    const int slots = state.settings.max_in_flight;
    lock.unlock();
    return rcnn::elements::answer_sink_query({.element = parent,
                                              .pad = pad,
                                              .opposite = state.source,
                                              .stages = stages_of(parent),
                                              .slots = slots},
                                             *state.flow, query);
  });
}

gboolean source_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto& state = state_of(parent);
  return guarded(parent, FALSE, [&] {
    return rcnn::elements::answer_source_query(
        {.element = parent, .pad = pad, .opposite = state.sink, .stages = stages_of(parent)}, *state.flow,
        query);
  });
}

gboolean sink_activate(GstPad*, GstObject* parent, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) {
    return FALSE;
  }
  if (!active) {
    guarded_void(parent, [&] { state_of(parent).flow->interrupt(); });
  }
  return TRUE;
}

gboolean source_activate(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) {
    return FALSE;
  }
  auto& flow = *state_of(parent).flow;
  return guarded(parent, FALSE, [&]() -> gboolean {
    if (active) {
      flow.begin();
      return gst_pad_start_task(pad, task, parent, nullptr);
    }
    flow.interrupt();
    return gst_pad_stop_task(pad);
  });
}

// Keeps the model that plays; a later wish than this one stays as it is.
void refuse_model(GstElement* element, const std::string& wanted, const std::exception_ptr& error) {
  auto& state = state_of(element);
  const auto options = state.flow->entrance()->options();
  const std::string playing = options ? options->model.string() : "";
  {
    const std::lock_guard lock(state.mutex);
    if (state.settings.model == wanted) {
      state.settings.model = playing;
    }
  }
  g_object_notify(G_OBJECT(element), "model");
  auto failure = rcnn::elements::failure_of(error);
  failure.text = "model=" + wanted + " is refused, " + playing + " stays: " + failure.text;
  post(element, GST_MESSAGE_WARNING, failure);
}

// On a thread of its own, beside the frames that flow.
void swap_model(GstElement* element, const StageSettings& wanted) {
  guarded_void(element, [&] {
    auto& state = state_of(element);
    std::shared_ptr<const rcnn::pipeline::Session> session;
    const auto error = rcnn::elements::error_of([&] { session = rcnn::elements::Entrance::load(wanted); });
    if (error) {
      return refuse_model(element, wanted.model, error);
    }
    std::unique_lock lock(state.mutex);
    if (state.settings.model != wanted.model || !state.flow->entrance()->adopt(std::move(session))) {
      return;  // Another model was set, or the element closed, meanwhile.
    }
    lock.unlock();
    g_signal_emit_by_name(element, "model-updated", wanted.model.c_str());
  });
}

// Has the model that is set loaded, to take over from the one that plays; where none does yet, open() asks
// again. Under the state's mutex.
void ask_for_model(GstElement* element) {
  auto& state = state_of(element);
  const auto playing = state.flow->entrance()->options();
  if (!playing) return;
  StageSettings wanted = state.settings;
  wanted.cores = playing->cores;  // What else was set meanwhile counts from the next start on
  wanted.placement = playing->placement;
  wanted.deterministic = playing->deterministic;
  state.model_asked_for = wanted.model;
  std::shared_ptr<GstElement> held(GST_ELEMENT(gst_object_ref(element)), gst_object_unref);
  state.swap.ask([held = std::move(held), wanted = std::move(wanted)] { swap_model(held.get(), wanted); });
}

bool open(GstElement* element) {
  auto& state = state_of(element);
  return guarded(element, false, [&] {
    std::unique_lock lock(state.mutex);
    const StageSettings settings = state.settings;
    state.model_asked_for = settings.model;
    lock.unlock();
    state.flow->open(settings);
    lock.lock();
    // Another one may have been set meanwhile.
    if (state.settings.model != state.model_asked_for) ask_for_model(element);
    return true;
  });
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  auto& flow = *state_of(element).flow;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open(element)) {
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition ==
      GST_STATE_CHANGE_PAUSED_TO_READY) {  // Frees a chain call that deactivation would wait for.
    guarded_void(element, [&] { flow.interrupt(); });
  }
  const auto result = GST_ELEMENT_CLASS(gst_rcnn_stage_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE)) {
    state_of(element).swap.finish();  // A load that ran on would meet the end of the process.
    guarded_void(element, [&] { flow.close(); });
  }
  return result;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec*) {
  auto& state = state_of(object);
  guarded_void(object, [&] {
    const std::lock_guard lock(state.mutex);
    store_property(state.settings, static_cast<PropertyId>(id), value);
    state.flow->configure(state.settings);
    if (static_cast<PropertyId>(id) == PropertyId::kModel) ask_for_model(GST_ELEMENT(object));
  });
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec*) {
  auto& state = state_of(object);
  guarded_void(object, [&] {
    if (static_cast<PropertyId>(id) == PropertyId::kStats) {
      return g_value_take_boxed(value, structure_of(state.flow->stats()));
    }
    const std::lock_guard lock(state.mutex);
    load_property(state.settings, static_cast<PropertyId>(id), value);
  });
}

// Pads need the subclass's templates, which instance init does not see yet.
void constructed(GObject* object) {
  G_OBJECT_CLASS(gst_rcnn_stage_parent_class)->constructed(object);
  auto& state = state_of(object);
  auto* element = GST_ELEMENT(object);
  state.sink = gst_pad_new_from_template(gst_element_get_pad_template(element, "sink"), "sink");
  state.source = gst_pad_new_from_template(gst_element_get_pad_template(element, "src"), "src");
  state.flow = std::make_unique<StageFlow>(element, state.source, stages_of(object));
  gst_pad_set_chain_function(state.sink, chain);
  gst_pad_set_event_full_function(state.sink, sink_event);
  gst_pad_set_query_function(state.sink, sink_query);
  gst_pad_set_activatemode_function(state.sink, sink_activate);
  GST_PAD_SET_ACCEPT_INTERSECT(state.sink);  // Caps need not name a rate
  gst_pad_set_event_function(state.source, source_event);
  gst_pad_set_query_function(state.source, source_query);
  gst_pad_set_activatemode_function(state.source, source_activate);
  gst_element_add_pad(element, state.sink);
  gst_element_add_pad(element, state.source);
}

void finalize(GObject* object) {
  delete stage_of(object)->state;
  G_OBJECT_CLASS(gst_rcnn_stage_parent_class)->finalize(object);
}

}  // namespace

static void gst_rcnn_stage_init(GstRcnnStage* self) { self->state = new GstRcnnStage::State; }

static void gst_rcnn_stage_class_init(GstRcnnStageClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->constructed = constructed;
  object_class->finalize = finalize;
  GST_ELEMENT_CLASS(klass)->change_state = change_state;
}

namespace rcnn::elements {

void describe_stage(GstRcnnStageClass* klass, StageSpan stages, const char* long_name,
                    const char* description) {
  klass->stages = stages;
  const CapsPtr sink = video_caps(feature_before(stages.first));
  const CapsPtr source = video_caps(feature_after(stages.last));
  describe_element(GST_ELEMENT_CLASS(klass), {long_name, "Filter/Analyzer/Video", description}, sink.get(),
                   source.get());
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property =
      set_property;  // The two methods that GObject does not hand down to subclasses.
  object_class->get_property = get_property;
  install_properties(object_class, stages);
  if (stages.enters()) {
    g_signal_new("model-updated", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr,
                 G_TYPE_NONE, 1, G_TYPE_STRING);
  }
}

void keep_raw_outputs(GstElement* element) { state_of(element).flow->keep_raw(); }

}  // namespace rcnn::elements
