// SPDX-License-Identifier: MIT
#include "elements/stage_queries.hpp"

#include <algorithm>

#include "elements/output_layout.hpp"
#include "elements/stage_caps.hpp"

namespace rcnn::elements {
namespace {

// Not GStreamer's macro: it mixes enumerations, which clang refuses in C++20.
bool is_serialized(GstQuery* query) {
  return (gst_query_type_get_flags(GST_QUERY_TYPE(query)) & GST_QUERY_TYPE_SERIALIZED) != 0;
}

gboolean answer_caps(const QueryPlace& place, bool at_sink, GstQuery* query) {
  const char* before = feature_before(place.stages.first);
  const char* after = feature_after(place.stages.last);
  GstCaps* filter = nullptr;
  gst_query_parse_caps(query, &filter);
  const CapsPtr caps =
      caps_of_pad(place.opposite, at_sink ? before : after, at_sink ? after : before, filter);
  gst_query_set_caps_result(query, caps.get());
  return TRUE;
}

// Frames go on in upstream's memory: it may lay them out as downstream reads them. At the entrance, no pool:
// any buffer that can be mapped will do. Two more than the slots: one that waits at the entrance, one that
// upstream fills meanwhile.
gboolean answer_allocation(const QueryPlace& place, StageFlow& flow, GstQuery* query) {
  GstCaps* caps = nullptr;
  GstVideoInfo info;
  gst_query_parse_allocation(query, &caps, nullptr);
  if (caps == nullptr || !gst_video_info_from_caps(&info, caps) || !flow.drain()) {
    return FALSE;
  }
  const CapsPtr onward = with_feature(caps, feature_after(place.stages.last));
  const QueryPtr offer = allocation_offered(place.opposite, onward.get());
  guint found = 0;
  if (offer && gst_query_find_allocation_meta(offer.get(), GST_VIDEO_META_API_TYPE, &found)) {
    const GstStructure* wishes = nullptr;
    gst_query_parse_nth_allocation_meta(offer.get(), found, &wishes);
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, wishes);
  }
  if (place.stages.enters()) {
    gst_query_add_allocation_pool(query, nullptr, static_cast<guint>(GST_VIDEO_INFO_SIZE(&info)),
                                  static_cast<guint>(place.slots + 2), 0);
  }
  return TRUE;
}

}  // namespace

gboolean answer_sink_query(const QueryPlace& place, StageFlow& flow, GstQuery* query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS:
      return answer_caps(place, true, query);
    case GST_QUERY_ALLOCATION:
      return answer_allocation(place, flow, query);
    case GST_QUERY_DRAIN:
      if (!flow.drain()) {
        return FALSE;
      }
      gst_pad_peer_query(place.opposite, query);  // Elements that hold nothing may leave it unanswered.
      return TRUE;
    default:
      if (is_serialized(query) && !flow.drain()) {
        return FALSE;
      }
      return gst_pad_query_default(place.pad, place.element, query);
  }
}

gboolean answer_latency(GstPad* sink, GstClockTime own, GstClockTime buffering, GstQuery* query) {
  if (!gst_pad_peer_query(sink, query)) {
    return FALSE;
  }
  gboolean live = FALSE;
  GstClockTime least = 0;
  GstClockTime most = 0;
  gst_query_parse_latency(query, &live, &least, &most);
  least += own;
  if (GST_CLOCK_TIME_IS_VALID(most)) {
    most += std::max(own, buffering);  // What a frame takes it is held for, whatever else is.
  }
  gst_query_set_latency(query, live, least, most);
  return TRUE;
}

gboolean answer_source_query(const QueryPlace& place, StageFlow& flow, GstQuery* query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS:
      return answer_caps(place, false, query);
    case GST_QUERY_LATENCY:
      return answer_latency(place.opposite, flow.latency(), flow.buffering(), query);
    default:
      return gst_pad_query_default(place.pad, place.element, query);
  }
}

}  // namespace rcnn::elements
