// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/quantize/histogram.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// "min-max": up to the largest magnitude seen. "percentile": to that which 0.01 % exceed. "mse": where the
/// mean squared error of rounding and clipping is least. "kl": where the rounded distribution loses least
/// information on the seen one (Kullback and Leibler; as TensorRT's calibration, S. Migacz, GTC 2017).
std::vector<std::string> range_methods();

/// The step at which a value of that histogram is held in 8 bits: unsigned where nothing negative was seen.
/// 1 where nothing but zeros was. \throws SettingError for an unknown method (names those there are).
ActivationStep activation_step(const Histogram& histogram, const std::string& method);

/// What holding it so adds, over the value itself; both root mean squares. 0 where all is zero.
double rounding_error(const Histogram& histogram, const ActivationStep& activation);

}  // namespace rcnn::engine
