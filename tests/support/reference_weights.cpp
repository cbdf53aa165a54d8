// SPDX-License-Identifier: MIT
#include "tests/support/reference_weights.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "tests/support/shared_files.hpp"

namespace rcnn::tests {
namespace {

namespace fs = std::filesystem;

/// For the shell.
std::string quoted(const fs::path& path) { return std::string("'").append(path.string()).append("'"); }

}  // namespace

fs::path reference_weights(const std::string& arch) {
  const auto folder = fs::path(built_file("golden"));
  const auto file = folder / (arch + ".safetensors");
  if (fs::exists(file)) return file;
  const auto generator = shared_file("golden/weights.py");
  if (!fs::exists(generator)) {
    std::cerr << "reference weights: " << generator << " is not here\n";
    return {};
  }
  // Written beside and renamed: processes that race make the same bytes and the last rename wins.
  const auto unfinished = folder / (arch + "-" + std::to_string(::getpid()) + ".safetensors");
  fs::create_directories(folder);
  const auto command = python() + " " + quoted(generator) + " " + arch + " " + quoted(unfinished);
  if (std::system(command.c_str()) != 0 || !fs::exists(unfinished)) {
    std::cerr << "reference weights: '" << command
              << "' failed; a python3 with numpy is needed (Debian: python3-numpy)\n";
    fs::remove(unfinished);
    return {};
  }
  fs::rename(unfinished, file);
  return file;
}

}  // namespace rcnn::tests
