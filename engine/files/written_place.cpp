// SPDX-License-Identifier: MIT
#include "engine/files/written_place.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ext/stdio_filebuf.h>
#include <regex>
#include <system_error>

namespace rcnn::engine {

namespace fs = std::filesystem;

namespace {

/// Its name in the folder's one path without links: /dev/fd and /proc/self/fd are /proc/PID/fd.
fs::path in_real_folder(const fs::path& file) {
  std::error_code error;
  const auto folder = fs::canonical(file.has_parent_path() ? file.parent_path() : ".", error);
  return error ? file : folder / file.filename();
}

int open_descriptor(const fs::path& place) {
  const bool own = place.string().starts_with(fmt::format("/proc/{}/", ::getpid()));
  // Opened by its path, it would begin at the file's start, over what is there.
  if (own) return ::fcntl(std::atoi(place.filename().c_str()), F_DUPFD_CLOEXEC, 0);
  return ::open(place.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
}

int open_emptied(const fs::path& place) {
  constexpr int kEmptied = O_WRONLY | O_TRUNC | O_CLOEXEC;
  constexpr mode_t kAll = 0666;  // But for the umask's
  const int there = ::open(place.c_str(), kEmptied);
  // Asked for at once, it would be refused for others' files in /tmp (fs.protected_regular).
  return there >= 0 || errno != ENOENT ? there : ::open(place.c_str(), kEmptied | O_CREAT, kAll);
}

}  // namespace

bool is_descriptor(const fs::path& place) {
  static const std::regex kDescriptor("/proc/[0-9]+(/task/[0-9]+)?/fd/[0-9]+");
  return std::regex_match(place.string(), kDescriptor);
}

fs::path written_place(const fs::path& target) {
  std::error_code error;
  auto place = target;
  constexpr int kMostLinks = 40;  // As the kernel follows.
  for (int i = 0; i < kMostLinks && fs::is_symlink(place, error); ++i) {
    if (const auto real = in_real_folder(place); is_descriptor(real)) return real;
    place = place.parent_path() / fs::read_symlink(place, error);
  }
  return fs::exists(place, error) ? fs::canonical(place, error) : place;
}

std::ofstream open_in_place(const fs::path& place) {
  const int descriptor = is_descriptor(place) ? open_descriptor(place) : open_emptied(place);
  std::ofstream stream;
  if (descriptor < 0) {
    stream.setstate(std::ios::failbit);
  } else {
    *stream.rdbuf() = __gnu_cxx::stdio_filebuf<char>(descriptor, std::ios::out | std::ios::binary);
  }
  return stream;
}

}  // namespace rcnn::engine
