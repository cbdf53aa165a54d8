// SPDX-License-Identifier: MIT
#include "launch/json_file.hpp"

#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/errors.hpp"
#include "engine/files/pending_file.hpp"
#include "launch/pipe_reader.hpp"

namespace rcnn::launch {

void write_json(const nlohmann::ordered_json& json, const std::filesystem::path& file, int indent) {
  const auto text = json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (file == "-") {
    std::cout << text << '\n';
    return;
  }
  engine::PendingFile pending(file);
  const PipeReader reader(file);
  std::ofstream out(pending.path());
  out << text << '\n';
  out.close();
  if (!out) {
    throw engine::Error(
        fmt::format("Cannot write '{}': is its folder writable and the disk not full?", file.string()));
  }
  pending.commit();
}

}  // namespace rcnn::launch
