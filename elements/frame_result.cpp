// SPDX-License-Identifier: MIT
#include "elements/frame_result.hpp"

#include <gst/video/gstvideometa.h>

#include <algorithm>
#include <utility>

#include "elements/classifications_meta.hpp"
#include "elements/rcnn_meta.h"

namespace rcnn::elements {
namespace {

// An mp4 with B-frames starts at 80 ms by its buffers' own count, at 0 by its segment's.
std::optional<std::uint64_t> stream_time(GstPad* pad, GstBuffer* buffer) {
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) {
    return std::nullopt;
  }
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (event == nullptr) {
    return GST_BUFFER_PTS(buffer);
  }
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  const guint64 time = segment->format == GST_FORMAT_TIME
                           ? gst_segment_to_stream_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer))
                           : GST_CLOCK_TIME_NONE;
  gst_event_unref(event);
  return time == GST_CLOCK_TIME_NONE ? GST_BUFFER_PTS(buffer) : time;
}

engine::Detection detection_of(const RcnnDetectionsMeta& meta, const RcnnDetection& found) {
  engine::Mask mask{static_cast<int>(meta.width),
                    static_cast<int>(meta.height),
                    {found.mask_runs, found.mask_runs + found.mask_run_count}};
  std::vector<engine::Keypoint> keypoints;
  for (guint k = 0; k < found.keypoint_count; ++k) {
    keypoints.push_back({found.keypoints[k].x, found.keypoints[k].y, found.keypoints[k].score});
  }
  return {{found.x0, found.y0, found.x1, found.y1},
          found.score,
          found.class_id,
          0,
          std::move(mask),
          std::move(keypoints)};
}

engine::Classifications classifications_of(const GstVideoRegionOfInterestMeta* region) {
  engine::Classifications classes;
  for (const GList* entry = region->params; entry != nullptr; entry = entry->next) {
    const auto* fields = static_cast<const GstStructure*>(entry->data);
    const char* label = gst_structure_get_string(fields, "label");
    engine::Classification found{label == nullptr ? "" : label, 0, 0};
    const bool whole = gst_structure_has_name(fields, "classification") != FALSE &&
                       gst_structure_get_int(fields, "label_id", &found.class_id) != FALSE &&
                       gst_structure_get_double(fields, "confidence", &found.score) != FALSE;
    if (whole) classes.push_back(std::move(found));
  }
  return classes;
}

/// Where classes of an object belong, or of the frame; null: there is no such object.
engine::Classifications* classes_of(gint object, engine::FrameResult& result) {
  if (object == kWholeFrame) return &result.classifications;
  const auto index = static_cast<std::size_t>(object);
  if (index >= result.objects.size()) return nullptr;
  result.of_objects.resize(result.objects.size());
  return &result.of_objects[index];
}

void add_attached(GstBuffer* buffer, engine::FrameResult& result) {
  const auto* meta = rcnn_buffer_get_classifications_meta(buffer);
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    const RcnnClassification& found = meta->classifications[i];
    const char* label = g_quark_to_string(found.label);
    if (auto* classes = classes_of(found.object, result)) {
      classes->push_back({label == nullptr ? "" : label, found.class_id, static_cast<double>(found.score)});
    }
  }
}

/// What only regions say, as other classifiers write it. A region that a detector described is the object
/// with its number, one that none did is the frame.
void add_described(GstBuffer* buffer, const RcnnDetectionsMeta* meta, engine::FrameResult& result) {
  gpointer state = nullptr;
  while (GstMeta* next =
             gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(next);
    const auto classes = classifications_of(region);
    if (classes.empty()) continue;
    gint object = kWholeFrame;
    if (gst_video_region_of_interest_meta_get_param(region, "detection") != nullptr) {
      const auto index = static_cast<std::size_t>(region->id);
      const bool ours = index < result.objects.size() && region->roi_type == meta->detections[index].label;
      if (!ours) continue;  // Another detector's
      object = region->id;
    }
    auto& known = *classes_of(object, result);
    for (const auto& found : classes) {
      const auto is_found = [&](const engine::Classification& other) {
        return other.label == found.label && other.class_id == found.class_id && other.score == found.score;
      };
      if (std::none_of(known.begin(), known.end(), is_found)) known.push_back(found);
    }
  }
}

}  // namespace

engine::FrameResult frame_result(GstPad* pad, GstBuffer* buffer) {
  engine::FrameResult result{"", std::nullopt, stream_time(pad, buffer), {}, {}};
  const auto* meta = rcnn_buffer_get_detections_meta(buffer);
  if (meta != nullptr) {
    result.image = {static_cast<int>(meta->width), static_cast<int>(meta->height)};
    for (guint i = 0; i < meta->count; ++i) {
      const char* label = g_quark_to_string(meta->detections[i].label);
      result.objects.push_back(detection_of(*meta, meta->detections[i]));
      result.labels.emplace_back(label == nullptr ? "" : label);
    }
  }
  add_attached(buffer, result);
  add_described(buffer, meta, result);
  return result;
}

}  // namespace rcnn::elements
