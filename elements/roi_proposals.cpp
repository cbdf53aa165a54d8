// SPDX-License-Identifier: MIT
#include "elements/roi_proposals.hpp"

#include <gst/video/gstvideometa.h>

#include <cmath>

namespace rcnn::elements {
namespace {

float objectness(GstVideoRegionOfInterestMeta* region) {
  const GstStructure* fields = gst_video_region_of_interest_meta_get_param(region, kProposalType);
  gdouble logit = 0;
  if (fields == nullptr || gst_structure_get_double(fields, "objectness", &logit) == FALSE) return 0;
  return std::isfinite(logit) ? static_cast<float>(logit) : 0;
}

engine::Proposal proposal_of(GstVideoRegionOfInterestMeta* region) {
  const auto x = static_cast<float>(region->x), y = static_cast<float>(region->y);
  return {{x, y, x + static_cast<float>(region->w), y + static_cast<float>(region->h)}, objectness(region)};
}

}  // namespace

std::optional<std::vector<engine::Proposal>> attached_proposals(GstBuffer* buffer) {
  static const GQuark kType = g_quark_from_static_string(kProposalType);
  std::vector<engine::Proposal> proposals;
  gpointer state = nullptr;
  while (GstMeta* meta =
             gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
    if (region->roi_type == kType) proposals.push_back(proposal_of(region));
  }
  if (proposals.empty()) return std::nullopt;
  return proposals;
}

}  // namespace rcnn::elements
