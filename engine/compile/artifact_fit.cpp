// SPDX-License-Identifier: MIT
#include <map>

#include "engine/compile/artifact_format.hpp"
#include "engine/compile/artifact_part.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

std::string name_of(const ArtifactPart& part) { return "'" + part.file.filename().string() + "'"; }

/// What a part says of the whole model, in the words of its file.
json description(const ArtifactPart& part) {
  json all{{"options", options_json(part.options)}, {"host_nodes", part.host_nodes}};
  all["config"] = std::visit([](const auto& any) { return json(any); }, part.config);
  if (part.quantization) all["options"]["quantization"] = *part.quantization;
  for (const auto& program : part.programs) all["programs"].push_back(program.graph);
  for (const auto& [name, info] : part.tensors) {
    all["tensors"][name] = {{"shape", info.shape}, {"dtype", to_string(info.dtype)}};
  }
  return all;
}

std::string value_at(const json& document, const std::string& path) {
  const json::json_pointer pointer(path);
  if (!document.contains(pointer)) return "missing";
  return document.at(pointer).is_primitive() ? document.at(pointer).dump() : "there";
}

void check_pair(const ArtifactPart& first, const ArtifactPart& second) {
  const auto ours = description(first), theirs = description(second);
  const auto pair = name_of(first) + " and " + name_of(second);
  // In the order in which a difference explains those after it.
  for (const char* key : {"config", "options", "programs", "host_nodes", "tensors"}) {
    const auto differences = json::diff(ours.at(key), theirs.at(key));
    if (differences.empty()) continue;
    const auto path = differences.at(0).at("path").get<std::string>();
    throw ModelError(pair + " do not fit together: " + key + path + " is " + value_at(ours.at(key), path) +
                     " in the one and " + value_at(theirs.at(key), path) +
                     " in the other; compile both with the same options");
  }
  const auto &digest = first.weights_digest, &other = second.weights_digest;
  if (!digest.empty() && !other.empty() && digest != other) {
    throw ModelError(pair +
                     " do not fit together: they were compiled from different weights; compile both from "
                     "the same checkpoint");
  }
}

}  // namespace

void check_fit(std::span<const std::unique_ptr<ArtifactPart>> parts) {
  std::map<std::string, const ArtifactPart*> holders;
  for (const auto& part : parts) {
    check_pair(*parts.front(), *part);
    for (const auto& program : part->held_programs) {
      const auto [holder, added] = holders.emplace(program, part.get());
      if (added) continue;
      throw ModelError("both " + name_of(*holder->second) + " and " + name_of(*part) + " hold program '" +
                       program + "'; leave one of them");
    }
  }
}

}  // namespace rcnn::engine
