// SPDX-License-Identifier: MIT
#include "engine/compile/artifact_format.hpp"

#include <xxhash.h>

#include <array>
#include <cstdio>

#include "engine/errors.hpp"

namespace rcnn::engine {

std::string checksum(std::span<const std::byte> bytes) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
  return digits.data();
}

std::string checksum(const std::string& text) { return checksum(std::as_bytes(std::span(text))); }

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
  if (options.precision != "f32" || options.batch != 1) {
    throw ModelError("it is of precision '" + options.precision + "' and batch " +
                     std::to_string(options.batch) + "; supported are f32 and 1");
  }
  return options;
}

}  // namespace rcnn::engine
