// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launch/inputs.hpp"

namespace rcnn::launch {

/// Where the annotated copy of each input goes, in the order of the inputs.
///
///   output is a file   one image or video only: that file (an image's extension picks its format)
///   output is a folder each input under its own name below it; videos end in .mp4, images of formats that
///   cannot be
///                      written end in .png; "-2", "-3" where two would meet
///
/// `output` counts as a file if there is one input, its extension is an image's or .mp4, and no folder has
/// that name. Whether an input would be overwritten, check_outputs() says. \throws engine::SettingError if
/// one file is given for several inputs.
std::vector<std::filesystem::path> annotated_files(const std::vector<Input>& inputs,
                                                   const std::filesystem::path& output);

}  // namespace rcnn::launch
