// SPDX-License-Identifier: MIT
#include "pipeline/default_model.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "engine/errors.hpp"

namespace rcnn::pipeline {
namespace {

namespace fs = std::filesystem;

const char* const kVariable = "RCNN_DEFAULT_MODEL";

/// The program or library that holds this function.
fs::path own_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&default_model), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  std::error_code failed;
  const fs::path file = fs::canonical(info.dli_fname, failed);
  return failed ? fs::canonical("/proc/self/exe", failed) : file;  // A program may be named as it was called.
}

}  // namespace

fs::path default_model() {
  const std::string how =
      "; name one (-m FILE.rcnn, in pipelines model=FILE.rcnn); such a file is made with: neuron-rcnn "
      "compile "
      "--config CONFIG --weights WEIGHTS -o FILE.rcnn";
  std::error_code ignored;
  if (const char* named = std::getenv(kVariable); named != nullptr && *named != '\0') {
    if (!fs::is_regular_file(named, ignored)) {
      throw engine::SettingError(std::string("No model is set, and ") + kVariable + "='" + named +
                                 "' is no file" + how);
    }
    return named;
  }
  const std::vector<fs::path> places = {own_file().parent_path().parent_path() / "media/default.rcnn",
                                        fs::path(RCNN_DATA_DIR) / "default.rcnn"};
  std::string searched;
  for (const auto& place : places) {
    if (fs::is_regular_file(place, ignored)) {
      return place;
    }
    searched += (searched.empty() ? " (" : ", ") + place.string();
  }
  throw engine::SettingError("No model is set, and the default one is not here" + searched + ")" + how);
}

}  // namespace rcnn::pipeline
