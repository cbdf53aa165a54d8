// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include "elements/stage_flow.hpp"

namespace rcnn::elements {

/// Each property is declared once, with range, unit, default and prose; elements have those that concern
/// their stages.
enum class PropertyId : guint {
  kModel = 1,
  kCores,
  kPlacement,
  kMaxInFlight,
  kDropPolicy,
  kDeadline,
  kInferenceInterval,
  kQos,
  kDeterministic,
  kDispatch,
  kPriority,
  kBatchSize,
  kBatchTimeout,
  kScoreThreshold,
  kOverlay,
  kOnError,
  kStats,
};

/// Thread safety: thread-bound (a class_init).
void install_properties(GObjectClass* object_class, StageSpan stages);

/// GValue -> settings and back. `stats` is no setting: the element answers it.
/// Thread safety: reentrant.
void store_property(StageSettings& settings, PropertyId id, const GValue* value);
void load_property(const StageSettings& settings, PropertyId id, GValue* value);

/// Declarations of properties that every element that runs something on cores has, to be installed by the
/// caller. Thread safety: thread-safe.
GParamSpec* deterministic_spec();
GParamSpec* dispatch_spec();
GParamSpec* priority_spec();
GParamSpec* on_error_spec();

/// GTypes of the enumerations, as gst-inspect-1.0 shows them. Thread safety: thread-safe.
GType placement_type();
GType drop_policy_type();
GType dispatch_type();
GType on_error_type();

}  // namespace rcnn::elements
