// SPDX-License-Identifier: MIT
#include "elements/region_classifier.hpp"

#include <gst/video/gstvideometa.h>

#include <algorithm>
#include <string>
#include <utility>

#include "elements/classifications_meta.hpp"
#include "elements/painter.hpp"
#include "elements/rcnn_meta.hpp"
#include "elements/video_frame.hpp"
#include "engine/errors.hpp"

namespace rcnn::elements {
namespace {

constexpr gint kOthers = -2;  // `object` of what another detector found, which has no number here

/// A part of the frame, pixels; `meta` says which object it is, null for the whole frame.
struct Region {
  int x, y, width, height;
  GstVideoRegionOfInterestMeta* meta;
  gint object;  ///< As RcnnClassification's, or kOthers
};

std::vector<Region> objects_of(const GstVideoFrame& frame) {
  const auto limit = [](guint value, int most) {
    return static_cast<int>(std::min<guint>(value, static_cast<guint>(most)));
  };
  // What survives more elements than regions do; what is found in it puts the regions right.
  std::vector<const GstVideoRegionOfInterestMeta*> ours;
  if (const auto* meta = rcnn_buffer_get_detections_meta(frame.buffer)) {
    for (guint i = 0; i < meta->count; ++i) ours.push_back(region_of(frame.buffer, *meta, i));
  }
  const int width = GST_VIDEO_FRAME_WIDTH(&frame), height = GST_VIDEO_FRAME_HEIGHT(&frame);
  std::vector<Region> regions;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(frame.buffer, &state,
                                                          GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* object = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
    if (gst_video_region_of_interest_meta_get_param(object, "detection") == nullptr) continue;
    const int x = limit(object->x, width), y = limit(object->y, height);
    const auto number = std::find(ours.begin(), ours.end(), object) - ours.begin();
    const Region region{x,
                        y,
                        limit(object->w, width - x),
                        limit(object->h, height - y),
                        object,
                        number < std::ssize(ours) ? static_cast<gint>(number) : kOthers};
    if (region.width > 0 && region.height > 0) regions.push_back(region);
  }
  return regions;
}

bool was_searched(const GstVideoFrame& frame) {
  return rcnn_buffer_get_detections_meta(frame.buffer) != nullptr;
}

}  // namespace

RegionClassifier::RegionClassifier(const pipeline::SessionOptions& options)
    : classifier_(pipeline::Classifier::create(options)) {}

std::chrono::nanoseconds RegionClassifier::time_of_one() const {
  return classifier_->warm_up({.stream = stream_});
}

bool RegionClassifier::run(const GstVideoFrame& frame, const ClassifySettings& settings) const {
  std::vector<Region> regions;
  if (settings.regions != ClassifyRegions::kFrame) regions = objects_of(frame);
  const bool searched = was_searched(frame) || !regions.empty();
  const bool whole = settings.regions == ClassifyRegions::kFrame ||
                     (settings.regions == ClassifyRegions::kAuto && !searched);
  if (whole)
    regions = {{0, 0, GST_VIDEO_FRAME_WIDTH(&frame), GST_VIDEO_FRAME_HEIGHT(&frame), nullptr, kWholeFrame}};
  std::vector<engine::ImageView> views;
  const auto picture = view_of(frame);
  for (const auto& region : regions) {
    views.push_back(engine::part_of(picture, region.x, region.y, {region.width, region.height}));
  }
  const auto logits = classifier_->logits(
      views, {.stream = stream_, .policy = settings.dispatch, .priority = settings.priority});

  const auto& names = classifier_->config().class_names;
  std::vector<engine::Detection> drawn;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    auto& [x, y, width, height, meta, object] = regions[i];
    for (const auto& best : engine::top_classes(logits[i], settings.top)) {
      if (static_cast<double>(best.score) < settings.threshold) break;
      const auto& label = names.at(static_cast<std::size_t>(best.index));
      if (meta == nullptr) {
        meta = gst_buffer_add_video_region_of_interest_meta(
            frame.buffer, label.c_str(), static_cast<guint>(x), static_cast<guint>(y),
            static_cast<guint>(width), static_cast<guint>(height));
      }
      if (drawn.empty() || drawn.back().region != static_cast<int>(i)) {
        engine::Detection detection;
        detection.box = {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width),
                         static_cast<float>(y + height)};
        detection.score = best.score;
        detection.label = best.index;
        detection.region = static_cast<int>(i);
        drawn.push_back(detection);
      }
      const RcnnClassification classification{object, best.index, g_quark_from_string(label.c_str()),
                                              best.score};
      describe_classification(*meta, classification);
      if (object != kOthers) attach_classification(frame.buffer, classification);
    }
  }
  if (settings.overlay) {
    paint_into(frame, [&](const PaintTarget& target) { paint_detections(target, drawn, names); });
  }
  return searched;
}

}  // namespace rcnn::elements
