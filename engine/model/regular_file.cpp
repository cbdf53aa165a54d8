// SPDX-License-Identifier: MIT
#include "engine/model/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/errors.hpp"

namespace rcnn::engine {

namespace {

std::string system_reason() { return std::generic_category().message(errno); }

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path, const std::string& advice)
    // Non-blocking: opening a named pipe would wait for a writer before it could be refused.
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  const auto refuse = [&](const std::string& why) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw ModelError(path.string() + ": " + why);
  };
  if (descriptor_ < 0) refuse("cannot be opened: " + system_reason());
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) refuse("cannot be read: " + system_reason());
  if (!S_ISREG(status.st_mode)) refuse("is not a regular file; give " + advice);
  if (status.st_size == 0) refuse("is empty; was its download cut off?");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

RegularFile::~RegularFile() { ::close(descriptor_); }

void RegularFile::read(std::uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const auto count = ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw ModelError("it cannot be read: " + system_reason());
    if (count == 0) {
      throw ModelError(
          "it became shorter while it was read; write a new file beside it and rename that (mv), then try "
          "again");
    }
    offset += static_cast<std::uint64_t>(count);
    to = to.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace rcnn::engine
