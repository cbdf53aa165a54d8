// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace rcnn::tests {

/// RELATIVE in the folder of recorded references and data beside the checkout, e.g.
/// "data/coco50/000000001000.jpg".
std::filesystem::path shared_file(const std::string& relative);

/// A recorded reference, e.g. "boxes.npz": the copy kept with the tests where there is one, else the shared
/// one.
std::filesystem::path golden_file(const std::string& name);

/// RELATIVE in the checkout, e.g. "launch/demo".
std::string source_file(const std::string& relative);

/// RELATIVE in the build folder, e.g. "launch/neuron-rcnn".
std::string built_file(const std::string& relative);

/// The interpreter that has numpy.
std::string python();

}  // namespace rcnn::tests

/// Ends the test as skipped, naming the file, where PATH is not on this machine.
#define RCNN_SKIP_WITHOUT(PATH)                                                                           \
  if (const std::filesystem::path rcnn_needed = (PATH); !std::filesystem::exists(rcnn_needed)) {          \
    GTEST_SKIP() << rcnn_needed << " is not here; configure with -DRCNN_SHARED_DIR=FOLDER that holds it"; \
  }                                                                                                       \
  static_assert(true, "ask for a semicolon")
