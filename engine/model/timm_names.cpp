// SPDX-License-Identifier: MIT
#include "engine/model/timm_names.hpp"

#include <array>
#include <regex>
#include <span>
#include <string>
#include <utility>

namespace rcnn::engine {
namespace {

/// A module's path in timm and in torchvision.
using Module = std::pair<const char*, const char*>;

constexpr std::array<Module, 5> kOutside{{{"conv_stem", "features.0.0"},
                                          {"bn1", "features.0.1"},
                                          {"conv_head", "features.8.0"},
                                          {"bn2", "features.8.1"},
                                          {"classifier", "classifier.1"}}};
/// Within a block. The first stage's blocks do not widen, so they begin with what is second in the others.
constexpr std::array<Module, 6> kInFirstStage{{{"conv_dw", "block.0.0"},
                                               {"bn1", "block.0.1"},
                                               {"se.conv_reduce", "block.1.fc1"},
                                               {"se.conv_expand", "block.1.fc2"},
                                               {"conv_pw", "block.2.0"},
                                               {"bn2", "block.2.1"}}};
constexpr std::array<Module, 8> kInLaterStages{{{"conv_pw", "block.0.0"},
                                                {"bn1", "block.0.1"},
                                                {"conv_dw", "block.1.0"},
                                                {"bn2", "block.1.1"},
                                                {"se.conv_reduce", "block.2.fc1"},
                                                {"se.conv_expand", "block.2.fc2"},
                                                {"conv_pwl", "block.3.0"},
                                                {"bn3", "block.3.1"}}};

/// The path with its module translated; itself where the table does not have it.
std::string translated(const std::string& path, std::span<const Module> modules) {
  for (const auto& [timm, torchvision] : modules) {
    const std::string module = std::string(timm) + ".";
    if (path.starts_with(module)) return torchvision + ("." + path.substr(module.size()));
  }
  return path;
}

std::string torchvision_name(const std::string& name) {
  static const std::regex kBlock(
      "blocks\\.([0-6])\\.([0-9])\\.(.*)");  // B0 has seven stages of up to four blocks
  std::smatch parts;
  if (!std::regex_match(name, parts, kBlock)) return translated(name, kOutside);
  const int stage = std::stoi(parts[1]);
  const std::string inside =
      stage == 0 ? translated(parts[3], kInFirstStage) : translated(parts[3], kInLaterStages);
  return "features." + std::to_string(stage + 1) + "." + parts[2].str() + "." + inside;
}

}  // namespace

Checkpoint with_torchvision_names(const Checkpoint& checkpoint) {
  if (!checkpoint.tensors.contains("conv_stem.weight")) return checkpoint;
  Checkpoint renamed{checkpoint.file, checkpoint.format, {}};
  for (const auto& [name, tensor] : checkpoint.tensors)
    renamed.tensors.emplace(torchvision_name(name), tensor);
  return renamed;
}

}  // namespace rcnn::engine
