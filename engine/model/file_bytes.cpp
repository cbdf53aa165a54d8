// SPDX-License-Identifier: MIT
#include "engine/model/file_bytes.hpp"

#include <algorithm>

#include "engine/errors.hpp"
#include "engine/model/regular_file.hpp"

namespace rcnn::engine {

FileBytes::FileBytes(const std::filesystem::path& path, std::uint64_t most) {
  const RegularFile file(path, "a checkpoint (.pth, .pkl, .safetensors) or a file of proposals (.pkl)");
  size_ = std::min(file.size(), most);
  data_ = std::make_unique_for_overwrite<std::byte[]>(size_);  // No zeros first: there may be 400 MB.
  try {
    file.read(0, {data_.get(), size_});
  } catch (const ModelError& error) {
    throw ModelError(path.string() + ": " + error.what());
  }
}

}  // namespace rcnn::engine
