// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {

/// Three images and the command that looks for objects.
class DetectTest : public ::testing::Test {
 protected:
  DetectTest() {
    std::filesystem::create_directories(images_ / "sub");
    cv::imwrite((images_ / "a.png").string(), make_picture(120, 90, 1));
    cv::imwrite((images_ / "b.jpg").string(), make_picture(200, 150, 2));
    cv::imwrite((images_ / "sub/c.bmp").string(), make_picture(64, 64, 3));
  }
  static Outcome detect(const std::string& arguments, const std::string& environment = "") {
    return run_neuron_rcnn("detect -m " + tests::tiny_model().string() + " " + arguments, environment);
  }
  std::string images() const { return images_.path().string(); }

  const TempFolder images_;
  const TempFolder out_;
};

/// Of a result in Detectron2's or the raw format.
inline std::vector<std::string> files_of(const nlohmann::json& images) {
  std::vector<std::string> files;
  for (const auto& image : images) files.push_back(image.at("file"));
  return files;
}

}  // namespace rcnn::launch
