// SPDX-License-Identifier: MIT
#include "launch/source_watch.hpp"

#include <string_view>

namespace rcnn::launch {
namespace {

std::atomic<std::uint64_t> lost = 0;
std::atomic<std::uint64_t> mended = 0;

// Decoders tell their errors to nobody but the log, as long as some frame can still be decoded.
void count_errors(GstDebugCategory* category, GstDebugLevel level, const gchar*, const gchar* function, gint,
                  GObject*, GstDebugMessage*, gpointer) {
  const std::string_view name = gst_debug_category_get_name(category);
  if (name == "videodecoder" && std::string_view(function) == "_gst_video_decoder_error") ++lost;
  if (name == "libav" && level == GST_LEVEL_ERROR) ++mended;
}

/// Once in a process. What the user wants to see of the log, if anything, stays as it is.
void listen() {
  static const bool listening = [] {
    gst_debug_add_log_function(count_errors, nullptr, nullptr);
    if (g_getenv("GST_DEBUG") != nullptr) return true;
    gst_debug_remove_log_function(gst_debug_log_default);
    gst_debug_set_threshold_for_name("videodecoder", GST_LEVEL_WARNING);
    gst_debug_set_threshold_for_name("libav", GST_LEVEL_ERROR);
    gst_debug_set_active(TRUE);
    return true;
  }();
  (void)listening;
}

}  // namespace

SourceWatch::SourceWatch(GstElement* pipeline) : lost_before_(lost), mended_before_(mended) {
  listen();
  g_signal_connect(pipeline, "deep-element-added", G_CALLBACK(on_element), this);
}

std::optional<std::uint64_t> SourceWatch::read_until_ns() const {
  return read_until_ == 0 ? std::nullopt : std::optional<std::uint64_t>(read_until_);
}

std::uint64_t SourceWatch::lost_frames() { return lost; }
std::uint64_t SourceWatch::mended_frames() { return mended; }

void SourceWatch::on_element(GstBin*, GstBin*, GstElement* element, gpointer self) {
  const gchar* kind = gst_element_get_metadata(element, GST_ELEMENT_METADATA_KLASS);
  // Ogg says no length: that is reckoned from the last page, and where pictures end before the sound, the
  // rest is left.
  const GstElementFactory* factory = gst_element_get_factory(element);
  if (factory != nullptr && std::string_view(GST_OBJECT_NAME(factory)) == "oggdemux")
    static_cast<SourceWatch*>(self)->has_length_ = false;
  if (kind != nullptr && std::string_view(kind).find("Demuxer") != std::string_view::npos)
    g_signal_connect(element, "pad-added", G_CALLBACK(on_pad), self);
}

void SourceWatch::on_pad(GstElement*, GstPad* pad, gpointer self) {
  if (GST_PAD_IS_SRC(pad)) gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, self, nullptr);
}

GstPadProbeReturn SourceWatch::on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  const GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (event == nullptr) return GST_PAD_PROBE_OK;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  if (segment->format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(buffer)) {
    const GstClockTime lasts = GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 0;
    const auto end = gst_segment_to_stream_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer) + lasts);
    auto& until = static_cast<SourceWatch*>(self)->read_until_;
    // Pads of several streams may have threads of their own.
    auto before = until.load();
    while (end != GST_CLOCK_TIME_NONE && end > before && !until.compare_exchange_weak(before, end)) {
    }
  }
  gst_event_unref(event);
  return GST_PAD_PROBE_OK;
}

}  // namespace rcnn::launch
