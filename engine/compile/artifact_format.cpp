// SPDX-License-Identifier: MIT
#include "engine/compile/artifact_format.hpp"

#include <algorithm>
#include <array>

#include "engine/errors.hpp"
#include "engine/model/checksum.hpp"

namespace rcnn::engine {
namespace {

/// Types of an artifact's tensors, as safetensors names them.
constexpr std::array<std::pair<const char*, DType>, 4> kStoredTypes{
    {{"F32", DType::kF32}, {"BF16", DType::kBf16}, {"F16", DType::kF16}, {"I8", DType::kS8}}};

}  // namespace

std::string header_checksum(const nlohmann::json& header) {
  std::string text;
  for (const auto& [key, value] : header.items()) {
    if (key != "__metadata__") {
      text += key + "=" + value.dump() + "\n";
      continue;
    }
    for (const auto& [name, entry] : value.items()) {
      if (name != "checksum") text += name + "=" + entry.get_ref<const std::string&>() + "\n";
    }
  }
  return checksum(text);
}

std::string dtype_name(DType type) {
  const auto found = std::find_if(kStoredTypes.begin(), kStoredTypes.end(),
                                  [&](const auto& row) { return row.second == type; });
  return found == kStoredTypes.end() ? to_string(type) : found->first;
}

std::optional<DType> find_dtype(const std::string& name) {
  const auto found = std::find_if(kStoredTypes.begin(), kStoredTypes.end(),
                                  [&](const auto& row) { return row.first == name; });
  return found == kStoredTypes.end() ? std::nullopt : std::optional(found->second);
}

nlohmann::json options_json(const CompileOptions& options) {
  return {{"input", to_string(options.input)},
          {"partition", options.partition},
          {"precision", options.precision},
          {"batch", options.batch}};
}

CompileOptions parse_options(const nlohmann::json& json) {
  CompileOptions options;
  options.input = parse_input_spec(json.at("input").get<std::string>());
  options.partition = json.at("partition").get<std::string>();
  options.precision = json.at("precision").get<std::string>();
  options.batch = json.at("batch").get<int>();
  const auto known = precision_names();
  if (std::find(known.begin(), known.end(), options.precision) == known.end() || options.batch != 1) {
    throw ModelError("it is of precision '" + options.precision + "' and batch " +
                     std::to_string(options.batch) + "; supported are f32, bf16, fp16, int8 and 1");
  }
  return options;
}

}  // namespace rcnn::engine
