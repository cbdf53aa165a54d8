// SPDX-License-Identifier: MIT
#include "engine/model/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

std::string system_reason() { return std::generic_category().message(errno); }

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file) {
  const auto name = file.string();
  // Non-blocking: opening a named pipe would wait for a writer before it could be refused.
  const Descriptor descriptor{open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (descriptor.value < 0) throw ModelError(name + ": cannot be opened: " + system_reason());
  struct stat status {};
  if (fstat(descriptor.value, &status) != 0) throw ModelError(name + ": cannot be read: " + system_reason());
  if (!S_ISREG(status.st_mode))
    throw ModelError(name + ": is not a regular file; give the file with the weights");
  if (status.st_size == 0) throw ModelError(name + ": is empty; was its download cut off?");
  size_ = static_cast<std::size_t>(status.st_size);
  void* address = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor.value, 0);
  if (address == MAP_FAILED) throw ModelError(name + ": cannot be mapped: " + system_reason());
  madvise(address, size_, MADV_SEQUENTIAL);  // Advice only: failing it changes nothing.
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte*>(data_), size_); }

}  // namespace rcnn::engine
