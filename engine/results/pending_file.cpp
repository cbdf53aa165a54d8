// SPDX-License-Identifier: MIT
#include "engine/results/pending_file.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <system_error>

#include "engine/errors.hpp"

namespace rcnn::engine {

namespace fs = std::filesystem;

PendingFile::PendingFile(const fs::path& target) : target_(target) {
  std::error_code error;
  // A symbolic link stays one: the file it points to is replaced.
  if (fs::exists(target_, error)) target_ = fs::canonical(target_, error);
  if (fs::is_directory(target_, error)) {
    throw Error(fmt::format("Cannot write '{}': it is a folder; give a file's name", target.string()));
  }
  if (fs::exists(target_, error) && !fs::is_regular_file(target_, error)) {
    temporary_ = target_;
    return;
  }
  const auto folder = target_.parent_path();
  if (!folder.empty()) {
    fs::create_directories(folder, error);
    if (error) {
      throw Error(fmt::format("Cannot make the folder '{}': {}; give one that you may write to",
                              folder.string(), error.message()));
    }
  }
  // The process id keeps two runs apart; the extension stays last because encoders choose by it.
  temporary_ =
      folder / fmt::format(".{}.{}{}", target_.stem().string(), ::getpid(), target_.extension().string());
}

PendingFile::~PendingFile() {
  if (committed_ || temporary_ == target_) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void PendingFile::commit() {
  if (temporary_ != target_) {
    std::error_code error;
    fs::rename(temporary_, target_, error);
    if (error) {
      throw Error(fmt::format("Cannot write '{}': {}; give a place that you may write to", target_.string(),
                              error.message()));
    }
  }
  committed_ = true;
}

}  // namespace rcnn::engine
