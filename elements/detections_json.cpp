// SPDX-License-Identifier: MIT
// detections-json: writes the detections that buffers carry, and the classes that neuron-classify gave them,
// as JSON, a line a frame; the buffers go on untouched.
#include <gst/base/gstbasetransform.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "elements/element_class.hpp"
#include "elements/elements.hpp"
#include "elements/frame_result.hpp"
#include "elements/gst_support.hpp"
#include "elements/line_file.hpp"
#include "elements/rcnn_meta.h"
#include "elements/stream_file.hpp"
#include "engine/errors.hpp"

using rcnn::elements::file_of_stream;
using rcnn::elements::guarded;
using rcnn::elements::guarded_void;
using rcnn::elements::LineFile;

namespace {

struct State {
  std::mutex mutex;  // Guards the next two.
  std::string location;
  std::string source;
  // Of the streaming thread, from start to stop:
  std::shared_ptr<LineFile> lines;
  std::optional<std::string> file;  // What the records call the stream; none until its first frame asks
  std::string stream;               // Its id
  std::uint32_t stream_event = 0;   // Sequence number of its STREAM_START; 0: none has come
  std::uint64_t frames = 0;         // Of the stream
  std::uint64_t written = 0;        // Since start
  std::uint64_t without = 0;        // Of them, how many nobody had looked at
};

enum Property : guint { kNone, kLocation, kSource };

}  // namespace

struct GstDetectionsJson {
  GstBaseTransform parent;
  State* state;  // Owned. GObject makes instances without constructors.
};
struct GstDetectionsJsonClass {
  GstBaseTransformClass parent_class;
};

G_DEFINE_TYPE(GstDetectionsJson, gst_detections_json, GST_TYPE_BASE_TRANSFORM)

namespace {

State& state_of(gpointer object) { return *static_cast<GstDetectionsJson*>(object)->state; }

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  auto& state = state_of(object);
  const std::lock_guard lock(state.mutex);
  switch (id) {
    case kLocation:
      state.location = rcnn::elements::text_of(value);
      break;
    case kSource:
      state.source = rcnn::elements::text_of(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  auto& state = state_of(object);
  const std::lock_guard lock(state.mutex);
  switch (id) {
    case kLocation:
      g_value_set_string(value, state.location.c_str());
      break;
    case kSource:
      g_value_set_string(value, state.source.c_str());
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void finalize(GObject* object) {
  delete static_cast<GstDetectionsJson*>(static_cast<gpointer>(object))->state;
  G_OBJECT_CLASS(gst_detections_json_parent_class)->finalize(object);
}

gboolean start(GstBaseTransform* transform) {
  return guarded(transform, FALSE, [&] {
    auto& state = state_of(transform);
    const std::lock_guard lock(state.mutex);
    if (state.location.empty()) {
      throw rcnn::engine::SettingError(
          "No location is set. Set the property location=FILE.jsonl, or location=- for standard output");
    }
    state.lines = LineFile::open(state.location);
    state.stream_event = 0;
    state.written = state.without = 0;
    return TRUE;
  });
}

gboolean stop(GstBaseTransform* transform) {
  guarded_void(transform, [&] { state_of(transform).lines.reset(); });
  return TRUE;
}

void begin_stream(State& state, GstEvent* event) {
  const gchar* id = nullptr;
  gst_event_parse_stream_start(event, &id);
  const auto number = gst_event_get_seqnum(event);
  // An element that is linked anew hears of the stream that goes on once more.
  if (number == state.stream_event && state.stream == id) return;
  state.stream = id;
  state.stream_event = number;
  state.file.reset();
  state.frames = 0;
}

gboolean sink_event(GstBaseTransform* transform, GstEvent* event) {
  auto& state = state_of(transform);
  if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) begin_stream(state, event);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && state.written > 0 && state.without == state.written) {
    GST_ELEMENT_WARNING(
        transform, STREAM, FORMAT,
        ("No frame carried detections. Put detections-json after postprocess-overlay, neuronrcnn or "
         "neuron-classify, before elements that drop metas (videoflip, videocrop, compositor)"),
        (nullptr));
  }
  return GST_BASE_TRANSFORM_CLASS(gst_detections_json_parent_class)->sink_event(transform, event);
}

GstFlowReturn transform_ip(GstBaseTransform* transform, GstBuffer* buffer) {
  return guarded(transform, GST_FLOW_ERROR, [&] {
    auto& state = state_of(transform);
    if (!state.file) {
      std::unique_lock lock(state.mutex);
      const std::string source = state.source;
      lock.unlock();
      state.file = source.empty() ? file_of_stream(transform->sinkpad, state.stream) : source;
    }
    auto result = rcnn::elements::frame_result(transform->sinkpad, buffer);
    result.file = *state.file;
    result.frame = state.frames++;
    ++state.written;
    const bool empty = rcnn_buffer_get_detections_meta(buffer) == nullptr && result.classifications.empty();
    state.without += empty ? 1 : 0;
    state.lines->add(result);
    return GST_FLOW_OK;
  });
}

}  // namespace

static void gst_detections_json_init(GstDetectionsJson* self) {
  self->state = new State;
  gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(self), TRUE);
  gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), FALSE);  // Every frame has its line.
}

static void gst_detections_json_class_init(GstDetectionsJsonClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  const auto flags = static_cast<GParamFlags>(static_cast<int>(G_PARAM_READWRITE) |
                                              static_cast<int>(G_PARAM_STATIC_STRINGS) |
                                              static_cast<int>(GST_PARAM_MUTABLE_READY));
  g_object_class_install_property(
      object_class, kLocation,
      g_param_spec_string("location", "Location",
                          "File for one JSON object a line and frame; - for standard output. Elements of one "
                          "process may share it. Needed",
                          nullptr, flags));
  g_object_class_install_property(
      object_class, kSource,
      g_param_spec_string(
          "source", "Source",
          "What the records call the stream, as \"file\"; empty = its own file or URI, if that can be told",
          "", flags));
  const rcnn::elements::CapsPtr any(gst_caps_new_any());
  rcnn::elements::describe_element(GST_ELEMENT_CLASS(klass),
                                   {"Detections to JSON", "Filter/Metadata",
                                    "Writes the detections that buffers carry as JSON, a line a frame"},
                                   any.get(), any.get());
  GST_BASE_TRANSFORM_CLASS(klass)->start = start;
  GST_BASE_TRANSFORM_CLASS(klass)->stop = stop;
  GST_BASE_TRANSFORM_CLASS(klass)->sink_event = sink_event;
  GST_BASE_TRANSFORM_CLASS(klass)->transform_ip = transform_ip;
  GST_BASE_TRANSFORM_CLASS(klass)->transform_ip_on_passthrough = TRUE;
}
