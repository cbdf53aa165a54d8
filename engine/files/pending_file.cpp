// SPDX-License-Identifier: MIT
#include "engine/files/pending_file.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <random>
#include <string>
#include <system_error>

#include "engine/errors.hpp"
#include "engine/files/written_place.hpp"

namespace rcnn::engine {

namespace fs = std::filesystem;

namespace {

/// Another one each time: process ids do not tell runs in different containers apart. The extension stays
/// last because encoders choose by it.
std::string temporary_name(const fs::path& target) {
  std::random_device random;
  const auto rest = fmt::format(".{:08x}{:08x}{}", random(), random(), target.extension().string());
  constexpr std::size_t kLongest = 255;  // Of names in Linux' file systems; the target's may be that long.
  const auto room = kLongest - std::min(kLongest, rest.size() + 1);
  return "." + target.stem().string().substr(0, room) + rest;
}

std::string reason(int error) { return std::generic_category().message(error); }

/// Of rename(): that the file cannot be replaced does not mean that it cannot be written.
bool may_be_writable(int error) {
  return error == EBUSY || error == EXDEV || error == EACCES || error == EPERM || error == EROFS;
}

}  // namespace

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
  make_somewhere();
}

PendingFile::~PendingFile() {
  if (kept_ || temporary_ == target_) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

int PendingFile::make_in(const fs::path& folder) {
  constexpr mode_t kAll = 0666;  // But for the umask's
  int descriptor = -1;
  do {
    unfinished_.reset();
    temporary_ = folder / temporary_name(target_);
    unfinished_.emplace(temporary_);
    descriptor = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kAll);
  } while (descriptor < 0 && errno == EEXIST);
  if (descriptor < 0) return errno;
  ::close(descriptor);
  return 0;
}

void PendingFile::make_somewhere() {
  const bool beside = !is_descriptor(target_);
  const int error = beside ? make_in(target_.parent_path()) : 0;
  if (beside && error == 0) return;
  if (beside && ::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0) {
    throw Error(fmt::format("Cannot write '{}': {}; give a place that you may write to", target_.string(),
                            reason(error)));
  }
  std::error_code none;
  const auto folder = fs::temp_directory_path(none);
  if (const int why = none ? none.value() : make_in(folder); why != 0) {
    throw Error(
        fmt::format("Cannot write '{}': there is no room beside it, nor for a file in '{}' ({}); set TMPDIR "
                    "to a folder that you may write to",
                    target_.string(), folder.string(), reason(why)));
  }
}

void PendingFile::copy() const {
  std::ifstream in(temporary_, std::ios::binary);
  auto out = open_in_place(target_);
  if (in && out && in.peek() != std::ifstream::traits_type::eof()) out << in.rdbuf();
  if (in && out) out.close();
  if (!in || !out) throw std::system_error(errno, std::generic_category());
}

void PendingFile::commit() {
  kept_ = true;
  if (temporary_ == target_) return;
  std::error_code error;
  if (!is_descriptor(target_)) fs::rename(temporary_, target_, error);
  if (!is_descriptor(target_) && !error) return;
  try {
    if (error && !may_be_writable(error.value())) throw std::system_error(error);
    copy();
  } catch (const std::system_error& failure) {
    throw Error(fmt::format("Cannot write '{}': {}; what should be there is kept in '{}'", target_.string(),
                            failure.code().message(), temporary_.string()));
  }
  kept_ = false;
}

}  // namespace rcnn::engine
