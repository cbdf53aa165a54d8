// SPDX-License-Identifier: MIT
#pragma once

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::tests {

/// What a LATENCY query is answered.
struct Latency {
  gboolean live = FALSE;
  GstClockTime least = 0;
  GstClockTime most = 0;
};

/// An upstream that is live with 10 ms, at most 20 ms.
inline gboolean live_upstream(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    gst_query_set_latency(query, TRUE, 10 * GST_MSECOND, 20 * GST_MSECOND);
    return TRUE;
  }
  return gst_pad_query_default(pad, parent, query);
}

/// Behind the harness's element, that upstream's included.
inline Latency latency_behind(Harness& harness) {
  gst_pad_set_query_function(harness.get()->srcpad, live_upstream);
  const elements::QueryPtr query(gst_query_new_latency());
  Latency latency;
  EXPECT_TRUE(gst_pad_peer_query(harness.get()->sinkpad, query.get()));
  gst_query_parse_latency(query.get(), &latency.live, &latency.least, &latency.most);
  return latency;
}

}  // namespace rcnn::tests
