// SPDX-License-Identifier: MIT
#include <string>

#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"
#include "launch/doctor_checks.hpp"
#include "pipeline/default_model.hpp"

namespace rcnn::launch {

Checks check_default_model() {
  std::string found = "none";
  try {
    const auto file = pipeline::default_model();
    found = file.string();
    const auto artifact = engine::Artifact::open(file);
    artifact->config();  // A detector: classifiers have no default
    artifact->require_weights();
    return {{Health::kOk, "default model", found, ""}};
  } catch (const engine::Error& error) {
    return {{Health::kWarn, "default model", found, error.what()}};
  }
}

}  // namespace rcnn::launch
