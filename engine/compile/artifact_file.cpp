// SPDX-License-Identifier: MIT
#include "engine/compile/artifact_file.hpp"

#include <unistd.h>

#include <cerrno>

#include "engine/errors.hpp"

namespace rcnn::engine {

ArtifactFile::ArtifactFile(const std::filesystem::path& path)
    : file_(path, "a *.rcnn file made by `neuron-rcnn compile`") {}

void ArtifactFile::read(std::uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const auto count = ::pread(file_.descriptor(), to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw ModelError("it cannot be read: " + system_reason());
    if (count == 0) {
      throw ModelError(
          "it became shorter while it was read; write a new file beside it and rename that (mv), load again");
    }
    offset += static_cast<std::uint64_t>(count);
    to = to.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace rcnn::engine
