// SPDX-License-Identifier: MIT
// The one file that knows where this checkout and its build are: the others compile alike everywhere.
#include "tests/support/shared_files.hpp"

namespace rcnn::tests {

std::filesystem::path shared_file(const std::string& relative) {
  return std::filesystem::path(RCNN_SHARED_DIR) / relative;
}

std::filesystem::path golden_file(const std::string& name) {
  const auto copied = std::filesystem::path(RCNN_SOURCE_DIR) / "tests/golden/data" / name;
  return std::filesystem::exists(copied) ? copied : shared_file("golden/expected/" + name);
}

std::string source_file(const std::string& relative) { return std::string(RCNN_SOURCE_DIR "/") + relative; }

std::string built_file(const std::string& relative) { return std::string(RCNN_BINARY_DIR "/") + relative; }

std::string python() { return RCNN_PYTHON; }

}  // namespace rcnn::tests
