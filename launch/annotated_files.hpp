// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launch/inputs.hpp"

namespace rcnn::launch {

/// Where the annotated copy of each input goes, in the order of the inputs.
///
///   output is a file    one image or video only: that file (an image's extension picks its format)
///   output is a folder  each input under its own name below it; videos end in .mp4, images of formats that
///                       cannot be written, or hold no colour (.pgm, .pbm), in .png; "-2", "-3" where two
///                       would meet
///
/// `output` is a folder if there is one of that name, or if the name has no extension or ends in a slash.
/// Whether an input would be overwritten, check_outputs() says. Thread safety: reentrant. \throws
/// engine::SettingError if one file is given for several inputs, or one whose extension does not suit the
/// input.
std::vector<std::filesystem::path> annotated_files(const std::vector<Input>& inputs,
                                                   const std::filesystem::path& output);

}  // namespace rcnn::launch
