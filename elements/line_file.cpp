// SPDX-License-Identifier: MIT
#include "elements/line_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <optional>
#include <utility>

namespace rcnn::elements {
namespace {

/// Device and number in it, which all of a file's names have in common.
using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const std::string& location) {
  struct stat file {};
  const int failed = location == "-" ? ::fstat(STDOUT_FILENO, &file) : ::stat(location.c_str(), &file);
  return failed != 0 ? std::nullopt : std::optional(Identity(file.st_dev, file.st_ino));
}

}  // namespace

LineFile::LineFile(const std::string& location)
    : writer_(location, engine::ResultFormat::kJsonLines, engine::ClassNames{}, std::cout) {}

std::shared_ptr<LineFile> LineFile::open(const std::string& location) {
  static std::mutex mutex;  // Guards the next one, and keeps a file from being emptied twice.
  static std::map<Identity, std::weak_ptr<LineFile>> all;
  const std::lock_guard lock(mutex);
  std::erase_if(all, [](const auto& entry) { return entry.second.expired(); });
  if (const auto known = identity_of(location); known && all.contains(*known)) {
    if (auto file = all.at(*known).lock()) return file;
  }
  auto file = std::make_shared<LineFile>(location);
  if (const auto made = identity_of(location)) all[*made] = file;
  return file;
}

void LineFile::add(const engine::FrameResult& result) {
  const std::lock_guard lock(mutex_);
  writer_.add(result);
}

}  // namespace rcnn::elements
