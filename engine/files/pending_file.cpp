// SPDX-License-Identifier: MIT
#include "engine/files/pending_file.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "engine/errors.hpp"

namespace rcnn::engine {

namespace fs = std::filesystem;

namespace {

/// The process id keeps two runs apart; the extension stays last because encoders choose by it.
std::string temporary_name(const fs::path& target) {
  const auto rest = fmt::format(".{}{}", ::getpid(), target.extension().string());
  constexpr std::size_t kLongest = 255;  // Of names in Linux' file systems; the target's may be that long.
  const auto room = kLongest - std::min(kLongest, rest.size() + 1);
  return "." + target.stem().string().substr(0, room) + rest;
}

}  // namespace

fs::path written_place(const fs::path& target) {
  std::error_code error;
  auto place = target;
  constexpr int kMostLinks = 40;  // As the kernel follows.
  for (int i = 0; i < kMostLinks && fs::is_symlink(place, error); ++i) {
    place = place.parent_path() / fs::read_symlink(place, error);
  }
  return fs::exists(place, error) ? fs::canonical(place, error) : place;
}

PendingFile::PendingFile(const fs::path& target) : target_(written_place(target)) {
  std::error_code error;
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
  temporary_ = folder / temporary_name(target_);
  unfinished_.emplace(temporary_);
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
