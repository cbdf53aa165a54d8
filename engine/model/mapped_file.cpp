// SPDX-License-Identifier: MIT
#include "engine/model/mapped_file.hpp"

#include <sys/mman.h>

#include "engine/errors.hpp"
#include "engine/model/regular_file.hpp"

namespace rcnn::engine {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const RegularFile file(path, "a checkpoint (.pth, .pkl, .safetensors) or a file of proposals (.pkl)");
  size_ = file.size();
  void* address = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (address == MAP_FAILED) throw ModelError(path.string() + ": cannot be mapped: " + system_reason());
  madvise(address, size_, MADV_SEQUENTIAL);  // Advice only: failing it changes nothing.
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte*>(data_), size_); }

}  // namespace rcnn::engine
