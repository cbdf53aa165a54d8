// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace rcnn::launch {

/// A demuxer for files that hold "STALLING N": it gives N frames of 64x48 pixels, then neither more nor an
/// end, and its thread cannot be stopped, as GStreamer's for GIFs. Registered and harmful for as long as the
/// object lives.
class StallingDemuxer {
 public:
  StallingDemuxer() {
    holds() = true;
    static const bool registered = register_all();
    (void)registered;
  }
  ~StallingDemuxer() { holds() = false; }
  StallingDemuxer(const StallingDemuxer&) = delete;
  StallingDemuxer& operator=(const StallingDemuxer&) = delete;

 private:
  static constexpr const char* kCaps = "application/x-stalling";
  static constexpr const char* kFrames = "video/x-raw,format=RGB,width=64,height=48,framerate=25/1";
  static constexpr const char* kMagic = "STALLING ";

  static std::atomic<bool>& holds() {
    static std::atomic<bool> held;
    return held;
  }

  static bool register_all() {
    static const GTypeInfo info{sizeof(GstElementClass), nullptr, nullptr, init_class, nullptr, nullptr,
                                sizeof(GstElement),      0,       init,    nullptr};
    const GType type =
        g_type_register_static(GST_TYPE_ELEMENT, "RcnnStallingDemuxer", &info, static_cast<GTypeFlags>(0));
    GstCaps* caps = gst_caps_from_string(kCaps);
    gst_type_find_register(nullptr, kCaps, GST_RANK_PRIMARY, find, nullptr, caps, nullptr, nullptr);
    gst_caps_unref(caps);
    return gst_element_register(nullptr, "stallingdemux", GST_RANK_PRIMARY, type) != FALSE;
  }

  static void find(GstTypeFind* finder, gpointer) {
    const std::string magic = kMagic;
    const auto* data = gst_type_find_peek(finder, 0, static_cast<guint>(magic.size()));
    if (data != nullptr &&
        magic.compare(0, magic.size(), reinterpret_cast<const char*>(data), magic.size()) == 0)
      gst_type_find_suggest_empty_simple(finder, GST_TYPE_FIND_MAXIMUM, kCaps);
  }

  static void init_class(gpointer of, gpointer) {
    auto* element = GST_ELEMENT_CLASS(of);
    gst_element_class_set_static_metadata(element, "Stalling demuxer", "Codec/Demuxer", "Never ends",
                                          "Tests");
    GstCaps* in = gst_caps_from_string(kCaps);
    GstCaps* out = gst_caps_from_string(kFrames);
    gst_element_class_add_pad_template(element,
                                       gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, in));
    gst_element_class_add_pad_template(element,
                                       gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_SOMETIMES, out));
    gst_caps_unref(in);
    gst_caps_unref(out);
  }

  static void init(GTypeInstance* instance, gpointer of) {
    GstPad* sink =
        gst_pad_new_from_template(gst_element_class_get_pad_template(GST_ELEMENT_CLASS(of), "sink"), "sink");
    gst_pad_set_chain_function(sink, chain);
    gst_element_add_pad(GST_ELEMENT(instance), sink);
  }

  static GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) {
    std::string text(gst_buffer_get_size(buffer), ' ');
    gst_buffer_extract(buffer, 0, text.data(), text.size());
    gst_buffer_unref(buffer);
    give_frames(GST_ELEMENT(parent), std::stoi(text.substr(std::string(kMagic).size())));
    while (holds()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return GST_FLOW_EOS;
  }

  static void give_frames(GstElement* element, int count) {
    GstPad* pad = gst_pad_new_from_template(
        gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(element), "src"), "src");
    gst_pad_set_active(pad, TRUE);
    gst_pad_push_event(pad, gst_event_new_stream_start("stalling"));
    GstCaps* caps = gst_caps_from_string(kFrames);
    gst_pad_push_event(pad, gst_event_new_caps(caps));
    gst_caps_unref(caps);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(pad, gst_event_new_segment(&segment));
    gst_element_add_pad(element, pad);
    gst_element_no_more_pads(element);
    for (int i = 0; i < count; ++i) {
      GstBuffer* frame = gst_buffer_new_allocate(nullptr, gsize{64} * 48 * 3, nullptr);
      gst_buffer_memset(frame, 0, static_cast<guint8>(i * 40), gsize{64} * 48 * 3);
      GST_BUFFER_PTS(frame) = static_cast<GstClockTime>(i) * 40 * GST_MSECOND;
      GST_BUFFER_DURATION(frame) = 40 * GST_MSECOND;
      gst_pad_push(pad, frame);
    }
  }
};

}  // namespace rcnn::launch
