// SPDX-License-Identifier: MIT
#include "tests/support/random_classifier.hpp"

#include <unistd.h>

#include <cmath>
#include <memory>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/compile/compiler.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::tests {
namespace {

namespace fs = std::filesystem;

std::vector<float> parameter(const engine::ParameterSpec& spec, std::uint32_t seed) {
  const auto count = static_cast<std::size_t>(engine::element_count(spec.shape));
  auto values = random_values(count, seed);
  const bool norm = spec.shape.size() == 1;
  // Uniform values in [-1, 1) have a variance of 1/3; a ReLU halves what the next layer sums.
  const double fan_in = static_cast<double>(count) / static_cast<double>(spec.shape[0]);
  const auto scale = static_cast<float>(std::sqrt(6 / fan_in));
  for (auto& value : values) {
    if (!norm) {
      value *= scale;
    } else if (spec.name.ends_with("weight") || spec.name.ends_with("running_var")) {
      value = 1 + value / 5;
    } else {
      value /= 10;
    }
  }
  return values;
}

struct TemporaryFile {
  TemporaryFile()
      : path(fs::temp_directory_path() / ("rcnn-classifier-" + std::to_string(::getpid()) + ".rcnn")) {
    const auto checkpoint = random_classifier("resnet18", 7);
    const auto config = engine::classifier_config("resnet18", checkpoint);
    engine::CompileOptions options;
    options.input = engine::parse_input_spec("centre-crop:72:64");
    engine::write_artifact(engine::compile_classifier(config, checkpoint, options), path);
  }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  fs::path path;
};

}  // namespace

engine::Checkpoint random_classifier(const std::string& arch, int classes) {
  engine::ClassifierConfig config;
  config.arch = arch;
  config.class_names.assign(static_cast<std::size_t>(classes), "class");
  const auto network = engine::build_classifier(config);
  engine::Checkpoint checkpoint{"random.safetensors", "safetensors", {}};
  std::uint32_t seed = 1;
  for (const auto& spec : engine::network_parameters(network, {{"image", {1, 3, 64, 64}}}, false)) {
    checkpoint.tensors[spec.name] = {spec.shape,
                                     std::make_shared<const std::vector<float>>(parameter(spec, seed++))};
  }
  return checkpoint;
}

fs::path tiny_classifier() {
  static const TemporaryFile file;
  return file.path;
}

}  // namespace rcnn::tests
