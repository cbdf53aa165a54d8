// SPDX-License-Identifier: MIT
// detection-crop: one buffer for each object that a detector found in a frame: the frame's pixels in its box.
// Run launch/crop-per-detection.sh
#include <gst/video/video.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "elements/element_class.hpp"
#include "elements/elements.hpp"
#include "elements/gst_support.hpp"
#include "elements/rcnn_meta.h"
#include "elements/stage_caps.hpp"
#include "elements/video_frame.hpp"

using rcnn::elements::BufferPtr;
using rcnn::elements::CapsPtr;
using rcnn::elements::EventPtr;
using rcnn::elements::guarded;
using rcnn::elements::MappedVideo;

namespace {

/// Whole pixels of a frame.
struct Area {
  int x, y, width, height;
};

struct State {          // Streaming thread only.
  GstVideoInfo info{};  // Of the frames that come
  bool have_caps = false;
  Area sent{};  // Size that downstream knows
  guint64 crops = 0;
  guint64 frames = 0;
  guint64 without = 0;  // Of them, those that no detector has seen
};

/// The pixels that a box touches, within the frame; empty for a box beside it.
Area area_of(const RcnnDetection& object, const GstVideoInfo& info) {
  const auto first = [](float edge, int size) {
    return static_cast<int>(std::clamp(std::floor(edge), 0.F, static_cast<float>(size)));
  };
  const auto last = [](float edge, int size) {
    return static_cast<int>(std::clamp(std::ceil(edge), 0.F, static_cast<float>(size)));
  };
  const int x = first(object.x0, info.width);
  const int y = first(object.y0, info.height);
  return {x, y, last(object.x1, info.width) - x, last(object.y1, info.height) - y};
}

GstVideoInfo info_of_crop(const GstVideoInfo& frame, const Area& area) {
  GstVideoInfo info = frame;
  gst_video_info_set_format(&info, GST_VIDEO_INFO_FORMAT(&frame), static_cast<guint>(area.width),
                            static_cast<guint>(area.height));
  info.fps_n = frame.fps_n;
  info.fps_d = frame.fps_d;
  info.par_n = frame.par_n;
  info.par_d = frame.par_d;
  info.colorimetry = frame.colorimetry;
  return info;
}

BufferPtr crop(GstBuffer* buffer, const GstVideoInfo& info, const Area& area, const GstVideoInfo& crop_info) {
  BufferPtr made(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&crop_info), nullptr));
  gst_buffer_copy_into(made.get(), buffer, GST_BUFFER_COPY_TIMESTAMPS, 0, static_cast<gsize>(-1));
  const MappedVideo from(info, buffer, GST_MAP_READ);
  const MappedVideo to(crop_info, made.get(), GST_MAP_WRITE);
  const auto part = rcnn::engine::part_of(from.view(), area.x, area.y, {area.width, area.height});
  const auto target = rcnn::elements::paint_target_of(to.frame());
  const auto row = static_cast<std::size_t>(area.width * rcnn::engine::pixel_bytes(part.format));
  for (int y = 0; y < area.height; ++y) {
    std::memcpy(target.data + y * target.stride, part.data + y * part.stride, row);
  }
  return made;
}

}  // namespace

struct GstDetectionCrop {
  GstElement parent;
  GstPad* source;  // Borrowed: the element owns its pads.
  State* state;    // Owned. GObject makes instances without constructors.
};
struct GstDetectionCropClass {
  GstElementClass parent_class;
};

G_DEFINE_TYPE(GstDetectionCrop, gst_detection_crop, GST_TYPE_ELEMENT)

namespace {

GstDetectionCrop* self_of(gpointer object) { return static_cast<GstDetectionCrop*>(object); }

bool tell_size(GstDetectionCrop& self, const GstVideoInfo& info, const Area& area) {
  auto& sent = self.state->sent;
  if (sent.width == area.width && sent.height == area.height) return true;
  const CapsPtr caps(gst_video_info_to_caps(&info));
  if (!gst_pad_push_event(self.source, gst_event_new_caps(caps.get()))) return false;
  sent = area;
  return true;
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) {
  const BufferPtr owned(buffer);
  return guarded(parent, GST_FLOW_ERROR, [&] {
    auto& self = *self_of(parent);
    auto& state = *self.state;
    if (!state.have_caps) return GST_FLOW_NOT_NEGOTIATED;
    const auto before = state.crops;
    const RcnnDetectionsMeta* found = rcnn_buffer_get_detections_meta(buffer);
    ++state.frames;
    if (found == nullptr) ++state.without;
    for (guint i = 0; found != nullptr && i < found->count; ++i) {
      const RcnnDetection& object = found->detections[i];
      const Area area = area_of(object, state.info);
      if (area.width < 1 || area.height < 1) continue;
      const GstVideoInfo info = info_of_crop(state.info, area);
      BufferPtr made = crop(buffer, state.info, area, info);
      GST_BUFFER_OFFSET(made.get()) = state.crops++;
      gst_buffer_add_video_region_of_interest_meta_id(
          made.get(), object.label, 0, 0, static_cast<guint>(area.width), static_cast<guint>(area.height));
      if (!tell_size(self, info, area)) return GST_FLOW_NOT_NEGOTIATED;
      const GstFlowReturn flow = gst_pad_push(self.source, made.release());
      if (flow != GST_FLOW_OK) return flow;
    }
    if (state.crops == before && GST_BUFFER_PTS_IS_VALID(buffer)) {
      // A sink that waits for its first buffer would hold up the rest of the pipeline.
      gst_pad_push_event(self.source, gst_event_new_gap(GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer)));
    }
    return GST_FLOW_OK;
  });
}

// The frames' own caps go on: events that follow need some before them, and the first crop changes the size.
gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  EventPtr owned(event);
  return guarded(parent, FALSE, [&]() -> gboolean {
    auto& state = *self_of(parent)->state;
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      state.have_caps = gst_video_info_from_caps(&state.info, caps) != FALSE;
      if (!state.have_caps) return FALSE;
      state.sent = {0, 0, state.info.width, state.info.height};
      return gst_pad_push_event(self_of(parent)->source, owned.release());
    }
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && state.frames > 0 && state.without == state.frames) {
      GST_ELEMENT_WARNING(
          parent, STREAM, FORMAT,
          ("No frame carried detections. Put detection-crop after postprocess-overlay or neuronrcnn, "
           "before elements that drop metas (videoflip, videocrop, compositor)"),
          (nullptr));
    }
    return gst_pad_event_default(pad, parent, owned.release());
  });
}

// Buffers are the element's own: upstream's need nothing of downstream's.
gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  return GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION ? FALSE : gst_pad_query_default(pad, parent, query);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  const auto result = GST_ELEMENT_CLASS(gst_detection_crop_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) *self_of(element)->state = {};
  return result;
}

void finalize(GObject* object) {
  delete self_of(object)->state;
  G_OBJECT_CLASS(gst_detection_crop_parent_class)->finalize(object);
}

}  // namespace

static void gst_detection_crop_init(GstDetectionCrop* self) {
  self->state = new State;
  auto* element = GST_ELEMENT(self);
  auto* element_class = GST_ELEMENT_GET_CLASS(self);
  GstPad* sink = gst_pad_new_from_template(gst_element_class_get_pad_template(element_class, "sink"), "sink");
  gst_pad_set_chain_function(sink, chain);
  gst_pad_set_event_function(sink, sink_event);
  gst_pad_set_query_function(sink, sink_query);
  GST_PAD_SET_ACCEPT_INTERSECT(sink);  // Caps need not name a rate
  gst_element_add_pad(element, sink);
  self->source = gst_pad_new_from_template(gst_element_class_get_pad_template(element_class, "src"), "src");
  gst_element_add_pad(element, self->source);
}

static void gst_detection_crop_class_init(GstDetectionCropClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = finalize;
  auto* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  const auto caps = rcnn::elements::packed_video_caps();
  rcnn::elements::describe_element(
      element_class,
      {"Detection crop", "Filter/Analyzer/Video", "Cuts each object that a detector found out of its frame"},
      caps.get(), caps.get());
}
