// SPDX-License-Identifier: MIT
#include "engine/compile/artifact_file.hpp"

namespace rcnn::engine {

ArtifactFile::ArtifactFile(const std::filesystem::path& path)
    : RegularFile(path, "a *.rcnn file made by `neuron-rcnn compile`") {}

}  // namespace rcnn::engine
