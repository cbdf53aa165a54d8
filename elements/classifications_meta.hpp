// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/gstvideometa.h>

#include "elements/rcnn_meta.h"

namespace rcnn::elements {

/// `object` of what is said of the frame as a whole.
inline constexpr gint kWholeFrame = -1;

/// Puts a class into the buffer's RcnnClassificationsMeta, behind those there are. The buffer must be
/// writable. Thread safety: reentrant, as is the next.
void attach_classification(GstBuffer* buffer, const RcnnClassification& classification);

/// Says it in a region's params, too: a structure "classification" {label: string, label_id: int, confidence:
/// double}, as DL Streamer writes it.
void describe_classification(GstVideoRegionOfInterestMeta& region, const RcnnClassification& classification);

/// GType of RcnnClassificationsMeta's API; registers it on first use. Thread safety: thread-safe.
GType classifications_meta_api();

}  // namespace rcnn::elements
