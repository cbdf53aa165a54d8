// SPDX-License-Identifier: MIT
#include "elements/rcnn_meta.hpp"

#include <gst/video/gstvideometa.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "elements/classifications_meta.hpp"

namespace rcnn::elements {
namespace {

struct FrameMeta {
  GstMeta meta;
  FrameRide* ride;  // Owned. GStreamer allocates metas without constructors.
};

const GstMetaInfo* frame_meta_info();
const GstMetaInfo* detections_meta_info();

// Without tags every element copies the meta, whatever it does to the picture.
GType frame_meta_api() {
  static const GType type = [] {
    static const gchar* tags[] = {nullptr};
    return gst_meta_api_type_register("RcnnFrameMetaAPI", tags);
  }();
  return type;
}

gboolean frame_meta_init(GstMeta* meta, gpointer, GstBuffer*) {
  reinterpret_cast<FrameMeta*>(meta)->ride = new FrameRide;
  return TRUE;
}

void frame_meta_free(GstMeta* meta, GstBuffer*) { delete reinterpret_cast<FrameMeta*>(meta)->ride; }

gboolean frame_meta_transform(GstBuffer* copy, GstMeta* meta, GstBuffer*, GQuark type, gpointer) {
  if (!GST_META_TRANSFORM_IS_COPY(type)) {
    return FALSE;
  }
  set_frame_ride(copy, *reinterpret_cast<FrameMeta*>(meta)->ride);
  return TRUE;
}

const GstMetaInfo* frame_meta_info() {
  static const GstMetaInfo* const info =
      gst_meta_register(frame_meta_api(), "RcnnFrameMeta", sizeof(FrameMeta), frame_meta_init,
                        frame_meta_free, frame_meta_transform);
  return info;
}

// Behind what the meta holds already. Copies what detections point to as well.
void append_detections(RcnnDetectionsMeta& meta, std::span<const RcnnDetection> detections) {
  const auto before = meta.count;
  meta.count += static_cast<guint>(detections.size());
  meta.detections = g_renew(RcnnDetection, meta.detections, meta.count);
  std::copy(detections.begin(), detections.end(), meta.detections + before);
  for (RcnnDetection& detection : std::span(meta.detections, meta.count).subspan(before)) {
    detection.mask_runs =
        static_cast<guint32*>(g_memdup2(detection.mask_runs, detection.mask_run_count * sizeof(guint32)));
    detection.keypoints = static_cast<RcnnKeypoint*>(
        g_memdup2(detection.keypoints, detection.keypoint_count * sizeof(RcnnKeypoint)));
  }
}

RcnnDetectionsMeta* add_detections_meta(GstBuffer* buffer, std::span<const RcnnDetection> detections,
                                        guint width, guint height) {
  auto* meta =
      reinterpret_cast<RcnnDetectionsMeta*>(gst_buffer_add_meta(buffer, detections_meta_info(), nullptr));
  meta->width = width;
  meta->height = height;
  append_detections(*meta, detections);
  return meta;
}

gboolean detections_meta_init(GstMeta* meta, gpointer, GstBuffer*) {
  auto* detections = reinterpret_cast<RcnnDetectionsMeta*>(meta);
  detections->width = detections->height = detections->count = 0;
  detections->detections = nullptr;
  return TRUE;
}

void detections_meta_free(GstMeta* meta, GstBuffer*) {
  const auto* found = reinterpret_cast<RcnnDetectionsMeta*>(meta);
  for (const RcnnDetection& detection : std::span(found->detections, found->count)) {
    g_free(detection.mask_runs);
    g_free(detection.keypoints);
  }
  g_free(found->detections);
}

void scale_runs(RcnnDetection& detection, const RcnnDetectionsMeta& from, const engine::ScaleMap& map,
                const RcnnDetectionsMeta& to) {
  engine::Mask scaled;
  try {  // GStreamer's own frames call this, and runs that somebody else wrote may not fill the picture.
    const engine::Mask mask{static_cast<int>(from.width),
                            static_cast<int>(from.height),
                            {detection.mask_runs, detection.mask_runs + detection.mask_run_count}};
    scaled = engine::scale_mask(mask, map, static_cast<int>(to.width), static_cast<int>(to.height));
  } catch (const std::exception& error) {
    GST_WARNING("a mask of %u runs cannot be scaled and is left out: %s", detection.mask_run_count,
                error.what());
    scaled.counts.clear();
  }
  g_free(detection.mask_runs);
  detection.mask_run_count = static_cast<guint>(scaled.counts.size());
  detection.mask_runs =
      static_cast<guint32*>(g_memdup2(scaled.counts.data(), scaled.counts.size() * sizeof(guint32)));
}

// Copies and scaled copies only: an element that crops or turns the picture says so with a transform that we
// do not know, and wrong boxes are worse than none.
gboolean detections_meta_transform(GstBuffer* copy, GstMeta* meta, GstBuffer*, GQuark type, gpointer data) {
  const auto* source = reinterpret_cast<RcnnDetectionsMeta*>(meta);
  if (GST_META_TRANSFORM_IS_COPY(type)) {
    add_detections_meta(copy, {source->detections, source->count}, source->width, source->height);
    return TRUE;
  }
  if (!GST_VIDEO_META_TRANSFORM_IS_SCALE(type)) {
    return FALSE;
  }
  const auto* transform = static_cast<const GstVideoMetaTransform*>(data);
  const engine::ScaleMap map = videoscale_map(*transform->in_info, *transform->out_info);
  auto* scaled = add_detections_meta(copy, {source->detections, source->count},
                                     static_cast<guint>(GST_VIDEO_INFO_WIDTH(transform->out_info)),
                                     static_cast<guint>(GST_VIDEO_INFO_HEIGHT(transform->out_info)));
  const auto scale_x = [&](gfloat& x) { x = static_cast<gfloat>(x * map.scale_x + map.offset_x); };
  const auto scale_y = [&](gfloat& y) { y = static_cast<gfloat>(y * map.scale_y + map.offset_y); };
  for (RcnnDetection& detection : std::span(scaled->detections, scaled->count)) {
    scale_x(detection.x0);
    scale_x(detection.x1);
    scale_y(detection.y0);
    scale_y(detection.y1);
    for (RcnnKeypoint& keypoint : std::span(detection.keypoints, detection.keypoint_count)) {
      scale_x(keypoint.x);
      scale_y(keypoint.y);
    }
    scale_runs(detection, *source, map, *scaled);
  }
  return TRUE;
}

const GstMetaInfo* detections_meta_info() {
  static const GstMetaInfo* const info =
      gst_meta_register(detections_meta_api(), "RcnnDetectionsMeta", sizeof(RcnnDetectionsMeta),
                        detections_meta_init, detections_meta_free, detections_meta_transform);
  return info;
}

std::string class_label(int index, const std::vector<std::string>& class_names) {
  const bool named = index >= 0 && static_cast<std::size_t>(index) < class_names.size();
  return named ? class_names[static_cast<std::size_t>(index)] : "class " + std::to_string(index);
}

/// Pixels that a region meta has.
struct Area {
  guint x, y, width, height;
};

Area area_of(const RcnnDetection& detection, guint width, guint height) {
  const auto pixel = [](float value, guint limit) {
    return static_cast<guint>(std::clamp(std::lround(value), 0L, static_cast<long>(limit)));
  };
  const guint x0 = pixel(detection.x0, width);
  const guint y0 = pixel(detection.y0, height);
  return {x0, y0, pixel(detection.x1, width) - x0, pixel(detection.y1, height) - y0};
}

/// Of their sides, pixels.
guint64 distance(const GstVideoRegionOfInterestMeta& region, const Area& area) {
  const auto apart = [](guint a, guint b) { return guint64{a > b ? a - b : b - a}; };
  return apart(region.x, area.x) + apart(region.y, area.y) + apart(region.x + region.w, area.x + area.width) +
         apart(region.y + region.h, area.y + area.height);
}

void describe_region(GstVideoRegionOfInterestMeta& region, const RcnnDetection& detection, guint width,
                     guint height) {
  const auto share = [](float value, guint whole) { return static_cast<double>(value) / whole; };
  GstStructure* fields = gst_structure_new(
      "detection", "label_id", G_TYPE_INT, detection.class_id, "confidence", G_TYPE_DOUBLE,
      static_cast<double>(detection.score), "x_min", G_TYPE_DOUBLE, share(detection.x0, width), "x_max",
      G_TYPE_DOUBLE, share(detection.x1, width), "y_min", G_TYPE_DOUBLE, share(detection.y0, height), "y_max",
      G_TYPE_DOUBLE, share(detection.y1, height), nullptr);
  gst_video_region_of_interest_meta_add_param(&region, fields);
}

// With what classifiers called the object before an element dropped it.
void describe_again(GstBuffer* buffer, GstVideoRegionOfInterestMeta& region, const RcnnDetectionsMeta& meta,
                    guint index) {
  describe_region(region, meta.detections[index], meta.width, meta.height);
  const auto* classes = rcnn_buffer_get_classifications_meta(buffer);
  for (guint i = 0; classes != nullptr && i < classes->count; ++i) {
    const RcnnClassification& known = classes->classifications[i];
    if (known.object == static_cast<gint>(index)) describe_classification(region, known);
  }
}

GstVideoRegionOfInterestMeta* attach_region(GstBuffer* buffer, const RcnnDetectionsMeta& meta, guint index) {
  const RcnnDetection& detection = meta.detections[index];
  const auto [x, y, width, height] = area_of(detection, meta.width, meta.height);
  auto* region =
      gst_buffer_add_video_region_of_interest_meta_id(buffer, detection.label, x, y, width, height);
  region->id = static_cast<gint>(index);
  describe_again(buffer, *region, meta, index);
  return region;
}

}  // namespace

void set_frame_ride(GstBuffer* buffer, FrameRide ride) {
  auto* meta = reinterpret_cast<FrameMeta*>(gst_buffer_get_meta(buffer, frame_meta_api()));
  if (meta == nullptr) {
    meta = reinterpret_cast<FrameMeta*>(gst_buffer_add_meta(buffer, frame_meta_info(), nullptr));
  }
  *meta->ride = std::move(ride);
}

const FrameRide* frame_ride(GstBuffer* buffer) {
  const auto* meta = reinterpret_cast<FrameMeta*>(gst_buffer_get_meta(buffer, frame_meta_api()));
  return meta == nullptr ? nullptr : meta->ride;
}

void remove_frame_ride(GstBuffer* buffer) {
  while (GstMeta* meta = gst_buffer_get_meta(buffer, frame_meta_api())) {
    gst_buffer_remove_meta(buffer, meta);
  }
}

GType detections_meta_api() {
  static const GType type = [] {
    static const gchar* tags[] = {GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_SIZE_STR, nullptr};
    return gst_meta_api_type_register(RCNN_DETECTIONS_META_API_NAME, tags);
  }();
  return type;
}

void attach_detections(GstBuffer* buffer, std::span<const engine::Detection> detections,
                       const std::vector<std::string>& class_names, int width, int height) {
  std::vector<RcnnDetection> found;
  found.reserve(detections.size());
  std::vector<std::vector<RcnnKeypoint>> keypoints;
  for (const engine::Detection& detection : detections) {
    const std::string label = class_label(detection.label, class_names);
    auto& own = keypoints.emplace_back();
    for (const auto& keypoint : detection.keypoints) {
      own.push_back({.x = keypoint.x, .y = keypoint.y, .score = keypoint.score});
    }
    found.push_back({.x0 = detection.box.x0,
                     .y0 = detection.box.y0,
                     .x1 = detection.box.x1,
                     .y1 = detection.box.y1,
                     .score = detection.score,
                     .class_id = detection.label,
                     .label = g_quark_from_string(label.c_str()),
                     .mask_run_count = static_cast<guint>(detection.mask.counts.size()),
                     .mask_runs = const_cast<guint32*>(detection.mask.counts.data()),  // Copied below
                     .keypoint_count = static_cast<guint>(own.size()),
                     .keypoints = own.data()});
  }
  auto* meta = reinterpret_cast<RcnnDetectionsMeta*>(gst_buffer_get_meta(buffer, detections_meta_api()));
  const guint before = meta == nullptr ? 0 : meta->count;
  if (meta == nullptr) {
    meta = add_detections_meta(buffer, found, static_cast<guint>(width), static_cast<guint>(height));
  } else {
    append_detections(*meta, found);
  }
  for (guint i = before; i < meta->count; ++i) attach_region(buffer, *meta, i);
}

GstVideoRegionOfInterestMeta* region_of(GstBuffer* buffer, const RcnnDetectionsMeta& meta, guint index) {
  const RcnnDetection& detection = meta.detections[index];
  const Area own = area_of(detection, meta.width, meta.height);
  GstVideoRegionOfInterestMeta* nearest = nullptr;
  gpointer state = nullptr;
  while (GstMeta* next =
             gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(next);
    // Others give numbers, too, or leave them at 0, and may know the same classes.
    if (region->id != static_cast<gint>(index) || region->roi_type != detection.label) continue;
    if (gst_video_region_of_interest_meta_get_param(region, "detection") == nullptr) {
      if (nearest == nullptr || distance(*region, own) < distance(*nearest, own)) nearest = region;
    } else if (distance(*region, own) == 0) {
      return region;
    }
  }
  if (nearest == nullptr) return attach_region(buffer, meta, index);
  // videoconvert and videoscale drop what is in a region, and know nothing of borders.
  nearest->x = own.x;
  nearest->y = own.y;
  nearest->w = own.width;
  nearest->h = own.height;
  describe_again(buffer, *nearest, meta, index);
  return nearest;
}

engine::ScaleMap videoscale_map(const GstVideoInfo& from, const GstVideoInfo& to) {
  int border_x = 0;
  int border_y = 0;
  gint from_n = 0;
  gint from_d = 0;
  gint height_n = 0;
  gint height_d = 0;
  // Display aspect ratio of the source, then the width of a target pixel row in rows: videoscale's own steps.
  if (gst_util_fraction_multiply(from.width, from.height, from.par_n, from.par_d, &from_n, &from_d) &&
      gst_util_fraction_multiply(from_n, from_d, to.par_d, to.par_n, &height_n, &height_d)) {
    const auto rows =
        static_cast<int>(gst_util_uint64_scale_int(static_cast<guint64>(to.width), height_d, height_n));
    if (rows <= to.height) {
      border_y = to.height - rows;
    } else {
      border_x = to.width - static_cast<int>(gst_util_uint64_scale_int(static_cast<guint64>(to.height),
                                                                       height_n, height_d));
    }
  }
  return {.scale_x = static_cast<double>(to.width - border_x) / from.width,
          .scale_y = static_cast<double>(to.height - border_y) / from.height,
          .offset_x = static_cast<double>(border_x / 2),
          .offset_y = static_cast<double>(border_y / 2)};
}

}  // namespace rcnn::elements
