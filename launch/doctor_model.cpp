// SPDX-License-Identifier: MIT
#include "engine/errors.hpp"
#include "launch/doctor_checks.hpp"
#include "pipeline/default_model.hpp"

namespace rcnn::launch {

Checks check_default_model() {
  try {
    return {{Health::kOk, "default model", pipeline::default_model().string(), ""}};
  } catch (const engine::Error& error) {
    return {{Health::kWarn, "default model", "none", error.what()}};
  }
}

}  // namespace rcnn::launch
