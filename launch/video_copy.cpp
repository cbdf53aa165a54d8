// SPDX-License-Identifier: MIT
#include "launch/video_copy.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "engine/image/resize.hpp"
#include "launch/gst_parts.hpp"

namespace rcnn::launch {
namespace {

constexpr int kUsualRate = 25;

engine::Size size_of(const GstStructure* caps) {
  engine::Size size;
  gst_structure_get_int(caps, "width", &size.width);
  gst_structure_get_int(caps, "height", &size.height);
  return size;
}

std::uint64_t frame_duration(const GstStructure* caps) {
  int frames = 0, seconds = 1;
  const bool known = gst_structure_get_fraction(caps, "framerate", &frames, &seconds) != FALSE && frames > 0;
  return gst_util_uint64_scale_int(GST_SECOND, known ? seconds : 1, known ? frames : kUsualRate);
}

}  // namespace

VideoCopy::VideoCopy(GstBin* bin, GstElement* frames, const std::filesystem::path& file) {
  GstElement* convert = add_element(bin, "videoconvert");
  caps_ = add_element(bin, "capsfilter");
  encoder_ = add_element(bin, "x264enc");
  // Constant quality whatever the size; the preset leaves the processor to the network. Without B-frames
  // decoding order is display order: with them, mp4's edit list cuts off the first frame of streams of uneven
  // rate.
  g_object_set(encoder_, "quantizer", 21U, "bframes", 0U, nullptr);
  gst_util_set_object_arg(G_OBJECT(encoder_), "pass", "qual");
  gst_util_set_object_arg(G_OBJECT(encoder_), "speed-preset", "veryfast");
  GstElement* muxer = add_element(bin, "mp4mux");
  GstElement* sink = add_element(bin, "filesink");
  // Nobody waits for its first bytes: beside a window that would be for ever, since that holds back all but
  // the first frame until everyone is ready, and the encoder looks at many before it writes one.
  g_object_set(sink, "location", file.c_str(), "sync", FALSE, "async", FALSE, nullptr);
  elements_ = {convert, caps_, encoder_, muxer, sink};
  link_elements({frames, convert, caps_, encoder_, muxer, sink});
  add_probe(frames, "src", GST_PAD_PROBE_TYPE_BUFFER, on_frame, this);
  add_probe(frames, "src", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this);
  add_probe(frames, "src", GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, on_query, this);
  add_probe(sink, "sink", GST_PAD_PROBE_TYPE_BUFFER, on_written, this);
}

bool VideoCopy::owns(const GstObject* object) const {
  return std::ranges::any_of(elements_,
                             [&](const GstElement* element) { return GST_OBJECT_CAST(element) == object; });
}

GstBuffer* VideoCopy::with_time(GstBuffer* frame) {
  if (!GST_BUFFER_PTS_IS_VALID(frame)) {
    frame = gst_buffer_make_writable(frame);
    GST_BUFFER_PTS(frame) = next_time_;
    GST_BUFFER_DURATION(frame) = frame_duration_;
  }
  next_time_ = GST_BUFFER_PTS(frame) + frame_duration_;
  return frame;
}

// H.264 with colour at half resolution plays everywhere but needs even sides; others are kept whole. Left to
// negotiation, nobody would learn why no caps suit.
bool VideoCopy::prepare(GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const auto [width, height] = size_of(structure);
  constexpr int kLeastSide = 16;  // Of x264enc and of mp4mux
  if (std::min(width, height) < kLeastSide) {
    const auto text = fmt::format(
        "Its frames have {}x{} pixels, and the encoder of annotated videos takes {}x{} and "
        "more: enlarge it, or leave --output out",
        width, height, kLeastSide, kLeastSide);
    GST_ELEMENT_ERROR(encoder_, STREAM, WRONG_TYPE, ("%s", text.c_str()), (nullptr));
    return false;
  }
  frame_duration_ = frame_duration(structure);
  const bool even = width % 2 == 0 && height % 2 == 0;
  GstCaps* wanted =
      gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, even ? "I420" : "Y444", nullptr);
  g_object_set(caps_, "caps", wanted, nullptr);
  gst_caps_unref(wanted);
  return true;
}

// Handed on from here, so that the answer does not go back to whoever gave the frame.
GstPadProbeReturn VideoCopy::on_frame(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto* copy = static_cast<VideoCopy*>(self);
  if (copy->failed_) return GST_PAD_PROBE_DROP;
  GstBuffer* frame = copy->with_time(GST_PAD_PROBE_INFO_BUFFER(info));
  const GstPointer<GstPad> into(gst_pad_get_peer(pad));
  const GstFlowReturn flow = gst_pad_chain(into.get(), frame);
  // A muxer says EOS for what has failed behind it.
  if (flow != GST_FLOW_OK && flow != GST_FLOW_FLUSHING) copy->failed_ = true;
  GST_PAD_PROBE_INFO_FLOW_RETURN(info) = copy->failed_ ? GST_FLOW_OK : flow;
  return GST_PAD_PROBE_HANDLED;
}

GstPadProbeReturn VideoCopy::on_event(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto* copy = static_cast<VideoCopy*>(self);
  if (copy->failed_) return GST_PAD_PROBE_DROP;
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    copy->next_time_ = segment->start;
  }
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  if (!copy->prepare(event)) {
    copy->failed_ = true;
    return GST_PAD_PROBE_DROP;
  }
  const GstPointer<GstPad> into(gst_pad_get_peer(pad));
  if (gst_pad_send_event(into.get(), event) == FALSE) copy->failed_ = true;
  return GST_PAD_PROBE_HANDLED;
}

// What the encoder cannot take, prepare() refuses: asked here, it would leave FRAMES without a format.
GstPadProbeReturn VideoCopy::on_query(GstPad* pad, GstPadProbeInfo* info, gpointer) {
  GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
  if (GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS) {
    gst_query_set_accept_caps_result(query, TRUE);
    return GST_PAD_PROBE_HANDLED;
  }
  if (GST_QUERY_TYPE(query) != GST_QUERY_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* wanted = nullptr;
  gst_query_parse_caps(query, &wanted);
  const GstPointer<GstPad> into(gst_pad_get_peer(pad));
  GstCaps* taken = gst_pad_get_pad_template_caps(into.get());
  GstCaps* answer = wanted == nullptr ? gst_caps_ref(taken)
                                      : gst_caps_intersect_full(wanted, taken, GST_CAPS_INTERSECT_FIRST);
  gst_query_set_caps_result(query, answer);
  gst_caps_unref(answer);
  gst_caps_unref(taken);
  return GST_PAD_PROBE_HANDLED;
}

GstPadProbeReturn VideoCopy::on_written(GstPad*, GstPadProbeInfo*, gpointer self) {
  ++static_cast<VideoCopy*>(self)->written_;
  return GST_PAD_PROBE_OK;
}

}  // namespace rcnn::launch
