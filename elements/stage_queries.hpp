// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include "elements/stage_flow.hpp"

namespace rcnn::elements {

/// Where a query arrived.
struct QueryPlace {
  GstObject* element = nullptr;
  GstPad* pad = nullptr;
  GstPad* opposite = nullptr;
  StageSpan stages;
  int slots = 0;  ///< max-in-flight; sink pad only
};

/// CAPS: features swapped. ALLOCATION: GstVideoMeta where downstream offers it, but no pool of downstream's,
/// which could run dry on the frames between the stages. DRAIN: waits until everything is pushed. Other
/// serialized queries, ALLOCATION too, wait for what was accepted before them, then go on.
/// Thread safety: serialized queries on the sink pad's streaming thread (StageFlow::drain()), others on any.
gboolean answer_sink_query(const QueryPlace& place, StageFlow& flow, GstQuery* query);

/// LATENCY at a source pad: upstream's and `own` on top of it. The maximum rises by `buffering`, time for
/// which frames may wait in the element, but no less than by `own`.
/// Times are ns. Thread safety: thread-safe.
gboolean answer_latency(GstPad* sink, GstClockTime own, GstClockTime buffering, GstQuery* query);

/// CAPS: features swapped. LATENCY: upstream's plus this element's; only the entrance,
/// which owns the slots, raises the maximum. Thread safety: thread-safe.
gboolean answer_source_query(const QueryPlace& place, StageFlow& flow, GstQuery* query);

}  // namespace rcnn::elements
