// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace rcnn::tests {

/// RELATIVE in the folder of recorded references and data beside the checkout, e.g.
/// "data/coco50/000000001000.jpg".
inline std::filesystem::path shared_file(const std::string& relative) {
  return std::filesystem::path(RCNN_SHARED_DIR) / relative;
}

/// A recorded reference, e.g. "boxes.npz": the copy kept with the tests where there is one, else the shared
/// one.
inline std::filesystem::path golden_file(const std::string& name) {
  const auto copied = std::filesystem::path(RCNN_TEST_DATA_DIR) / name;
  return std::filesystem::exists(copied) ? copied : shared_file("golden/expected/" + name);
}

}  // namespace rcnn::tests

/// Ends the test as skipped, naming the file, where PATH is not on this machine.
#define RCNN_SKIP_WITHOUT(PATH)                                                                           \
  if (const std::filesystem::path rcnn_needed = (PATH); !std::filesystem::exists(rcnn_needed)) {          \
    GTEST_SKIP() << rcnn_needed << " is not here; configure with -DRCNN_SHARED_DIR=FOLDER that holds it"; \
  }                                                                                                       \
  static_assert(true, "ask for a semicolon")
