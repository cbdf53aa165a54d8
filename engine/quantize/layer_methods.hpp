// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/compile/compiler.hpp"
#include "engine/runtime/conv2d_picks.hpp"

namespace rcnn::engine {

/// What layers are computed by, by weight: names of methods(). Those that it lacks are direct.
using LayerMethods = std::map<std::string, std::string>;

/// Which way layers are computed: the quickest there is, or the quickest of those that err least.
enum class MethodChoice : std::uint8_t { kQuickest, kCareful };

/// \returns kDirectMethod for a layer that `methods` lacks. Thread safety: reentrant.
std::string method_of(const LayerMethods& methods, const std::string& weight);

/// Whether this processor has what layers in bf16 or int8 may choose between: else the choice is by rule.
/// Thread safety: thread-safe.
bool can_measure_methods(const std::string& precision);

/// The quickest way to compute each layer of a model in bf16 or int8, over all its operators' maps, of the
/// nominal size where sizes differ. Where can_measure_methods(), by what `picks` measured or measures now;
/// elsewhere F(4x4,3x3) for every layer that it can compute, which is what was measured on the processors
/// there are.
///   choice  whether exactness counts, too: F(4x4,3x3), which errs three times as much as the others, is left
///           out then. By rule that is the direct method everywhere
///
/// Thread safety: reentrant. \throws ModelError, SettingError
LayerMethods choose_methods(const CompiledModel& model, const std::string& precision, Conv2dPicks& picks,
                            MethodChoice choice = MethodChoice::kQuickest);

/// The plan of a model in bf16 that saw no images: all its layers, by the methods chosen.
/// Thread safety: reentrant.
Quantization bf16_plan(const CompiledModel& model, const LayerMethods& methods);

}  // namespace rcnn::engine
