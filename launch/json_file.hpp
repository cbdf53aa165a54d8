// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace rcnn::launch {

/// Indents by two spaces, or writes one line with `indent` -1; text that is no UTF-8 is mended. "-" is
/// standard output; any other file appears whole or not at all; whether standard output takes it, the caller
/// asks. Thread safety: as PipeReader. \throws engine::Error naming the file
void write_json(const nlohmann::ordered_json& json, const std::filesystem::path& file, int indent = 2);

}  // namespace rcnn::launch
