// SPDX-License-Identifier: MIT
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/files.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::launch {

using tests::lines_of;
using tests::read_text;
using tests::TempFolder;
using tests::write_text;

/// How a command ended and what it said.
struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

inline Outcome run_shell(const std::string& command) {
  const TempFolder folder;
  const int status = std::system(
      ("( " + command + " ) >" + (folder / "out").string() + " 2>" + (folder / "err").string()).c_str());
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, read_text(folder / "out"), read_text(folder / "err")};
}

/// Runs the program that was built; `environment` is prefixed as in a shell.
inline Outcome run_neuron_rcnn(const std::string& arguments, const std::string& environment = "") {
  return run_shell(environment + " " + tests::built_file("launch/neuron-rcnn") + " " + arguments);
}

/// Runs a ready pipeline of launch/ with the plugin that was built.
inline std::string script_command(const std::string& name, const std::string& arguments,
                                  const std::string& environment = "") {
  return "env GST_PLUGIN_PATH=" + tests::built_file("elements") + " " + environment + " " +
         tests::source_file("launch/") + name + " " + arguments;
}
inline Outcome run_script(const std::string& name, const std::string& arguments,
                          const std::string& environment = "") {
  return run_shell(script_command(name, arguments, environment));
}

/// A picture with something in it, the same every time.
inline cv::Mat make_picture(int width, int height, int seed = 1) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int checker = ((x * 8 / width) + (y * 8 / height) + seed) % 3;
      picture.at<cv::Vec3b>(y, x) =
          cv::Vec3b(static_cast<std::uint8_t>(checker * 120), static_cast<std::uint8_t>(x * 255 / width),
                    static_cast<std::uint8_t>(y * 255 / height));
    }
  }
  return picture;
}

/// A JPEG with its end, but without a part of its scan: libjpeg fills it and says so on stderr.
inline std::string damaged_jpeg() {
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", make_picture(96, 64), bytes);
  const auto size = static_cast<std::ptrdiff_t>(bytes.size());
  bytes.erase(bytes.end() - size / 3, bytes.end() - 2);
  return {bytes.begin(), bytes.end()};
}

inline std::filesystem::path launch_data(const std::string& name) {
  return tests::source_file("tests/launch/data/" + std::string(name));
}

}  // namespace rcnn::launch
