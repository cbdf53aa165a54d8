// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <optional>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::elements {

/// Type of the GstVideoRegionOfInterestMeta by which upstream says where a model without RPN shall look.
inline constexpr const char* kProposalType = "proposal";

/// The boxes that upstream attached for a model without RPN (Fast R-CNN): each
/// GstVideoRegionOfInterestMeta of type "proposal", x, y, w, h in pixels of the video frame. Its
/// objectness, by which the best are kept where there are many, is the field "objectness" (double, a logit)
/// of a param structure "proposal"; 0 without one.
///
/// \returns boxes in the order of attachment; nothing where none is attached.
/// Thread safety: reentrant.
std::optional<std::vector<engine::Proposal>> attached_proposals(GstBuffer* buffer);

}  // namespace rcnn::elements
