// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string_view>

#include "engine/errors.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/pickle.hpp"

namespace rcnn::engine {
namespace {

constexpr std::size_t kMostNamed = 10;

/// Complaints of one kind: the first ten by name, the rest by number.
class Complaints {
 public:
  explicit Complaints(std::string title) : title_(std::move(title)) {}
  void add(const std::string& line) {
    if (++count_ <= kMostNamed) lines_ += "\n  " + line;
  }
  std::size_t count() const { return count_; }
  std::string text() const {
    if (count_ == 0) return "";
    const auto rest = count_ > kMostNamed ? "\n  and " + std::to_string(count_ - kMostNamed) + " more" : "";
    return "\n" + title_ + " (" + std::to_string(count_) + "):" + lines_ + rest + ";";
  }

 private:
  std::string title_;
  std::string lines_;
  std::size_t count_ = 0;
};

/// Tensors that checkpoints carry and inference does not read.
bool is_ignored(std::string_view name) {
  if (name == "pixel_mean" || name == "pixel_std") return true;  // Compared instead
  if (name.ends_with("num_batches_tracked")) return true;
  constexpr std::string_view kAnchors = "anchor_generator.cell_anchors.";
  if (const auto at = name.find(kAnchors); at != std::string_view::npos) {
    const auto level = name.substr(at + kAnchors.size());
    return !level.empty() && level.find_first_not_of("0123456789") == std::string_view::npos;
  }
  return false;
}

/// A checkpoint trained with other pixel statistics would run and detect little.
void check_pixels(const Checkpoint& checkpoint, const std::string& name, const std::string& key,
                  const std::array<float, 3>& expected) {
  const auto found = checkpoint.tensors.find(name);
  if (found == checkpoint.tensors.end()) return;
  const auto& values = *found->second.values;
  constexpr float kRounding = 0x1p-8F;  // Half a step of bf16, which a checkpoint may be saved in
  bool equal = values.size() == expected.size();
  for (std::size_t channel = 0; equal && channel < expected.size(); ++channel) {
    equal = std::abs(values[channel] - expected[channel]) <=
            kRounding * std::max(1.F, std::abs(expected[channel]));
  }
  if (equal) return;
  const auto list = [](const auto& numbers) {
    std::string text = "[";
    for (std::size_t index = 0; index < std::min<std::size_t>(numbers.size(), 4); ++index) {
      text += (index > 0 ? ", " : "") + std::to_string(numbers[index]);
    }
    return text + (numbers.size() > 4 ? ", ...]" : "]");
  };
  throw ModelError(checkpoint.file.string() + ": " + name + " is " + list(values) + ", but the config's " +
                   key + " is " + list(expected) + "; give the config that the checkpoint was trained with");
}

/// A network with such a weight finds nothing, and says nothing about it.
void check_finite(const std::filesystem::path& file, const std::string& name,
                  const CheckpointTensor& tensor) {
  const auto bad = std::ranges::find_if_not(*tensor.values, [](float value) { return std::isfinite(value); });
  if (bad == tensor.values->end()) return;
  throw ModelError(file.string() + ": '" + name + "' has the value " + std::to_string(*bad) +
                   ", which no trained weight has; give a checkpoint from before its training diverged");
}

/// What the complaints together point to.
std::string advice(const Checkpoint& checkpoint, std::size_t missing, std::size_t needed,
                   const ModelConfig& config) {
  const auto& tensors = checkpoint.tensors;
  if (tensors.contains("stem.conv1.weight") || tensors.contains("res2.0.conv1.weight")) {
    return "\nthis is a backbone to start training from, not a trained detector";
  }
  if (const auto found = tensors.find("roi_heads.box_predictor.cls_score.weight");
      found != tensors.end() && found->second.shape.size() == 2 &&
      found->second.shape[0] != config.box_head.num_classes + 1) {
    return "\nthe checkpoint has " + std::to_string(found->second.shape[0] - 1) + " classes, the config " +
           std::to_string(config.box_head.num_classes) + ": set MODEL.ROI_HEADS.NUM_CLASSES";
  }
  return missing == needed ? "\nnone of the names fit: is this a checkpoint of another program?"
                           : "\ngive the config that the checkpoint was trained with";
}

}  // namespace

std::map<std::string, CheckpointTensor> select_parameters(const Checkpoint& checkpoint,
                                                          std::span<const ParameterSpec> parameters,
                                                          const ModelConfig& config) {
  check_pixels(checkpoint, "pixel_mean", "MODEL.PIXEL_MEAN", config.input.pixel_mean);
  check_pixels(checkpoint, "pixel_std", "MODEL.PIXEL_STD", config.input.pixel_std);
  const auto ignored = [&](std::string_view name) { return is_ignored(name); };
  const auto advise = [&](std::size_t missing) {
    return advice(checkpoint, missing, parameters.size(), config);
  };
  return select_parameters(checkpoint, parameters, {config.name, ignored, advise});
}

std::map<std::string, CheckpointTensor> select_parameters(const Checkpoint& checkpoint,
                                                          std::span<const ParameterSpec> parameters,
                                                          const SelectionRules& rules) {
  Complaints missing("missing");
  Complaints misshaped("of another shape");
  Complaints surplus("not part of the network");
  std::map<std::string, CheckpointTensor> selected;
  std::set<std::string_view> known;
  for (const auto& parameter : parameters) {
    known.insert(parameter.name);
    const auto found = checkpoint.tensors.find(parameter.name);
    if (found != checkpoint.tensors.end() && found->second.shape == parameter.shape) {
      selected.emplace(parameter.name, found->second);
    } else if (found != checkpoint.tensors.end()) {
      misshaped.add(parameter.name + ": expected " + to_string(parameter.shape) + ", found " +
                    to_string(found->second.shape));
    } else if (parameter.optional) {
      const auto count = static_cast<std::size_t>(element_count(parameter.shape));
      selected.emplace(parameter.name,
                       CheckpointTensor{parameter.shape, std::make_shared<const std::vector<float>>(
                                                             count, parameter.default_value)});
    } else {
      missing.add(parameter.name + ": expected " + to_string(parameter.shape));
    }
  }
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (known.contains(name) || rules.ignored(name)) continue;
    surplus.add(pickle::printable(name) + ": found " + to_string(tensor.shape));
  }
  if (missing.count() + misshaped.count() + surplus.count() > 0) {
    throw ModelError(checkpoint.file.string() + " does not fit the model '" + rules.model + "':" +
                     missing.text() + misshaped.text() + surplus.text() + rules.advice(missing.count()));
  }
  for (const auto& [name, tensor] : selected) check_finite(checkpoint.file, name, tensor);
  return selected;
}

}  // namespace rcnn::engine
