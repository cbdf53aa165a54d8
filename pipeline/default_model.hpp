// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace rcnn::pipeline {

/// The artifact that runs where a user names none. The first of these decides:
///  1. the environment variable RCNN_DEFAULT_MODEL, where it is set and not empty;
///  2. ../media/default.rcnn beside the folder of the program or plugin that this code is part of: a build
///  tree;
///  3. <data folder of the installation>/gst-neuron-rcnn/default.rcnn.
/// \throws engine::SettingError where there is no such file; names what was looked for and how to give a
/// model. Thread safety: thread-safe, as long as nobody changes the environment.
std::filesystem::path default_model();

}  // namespace rcnn::pipeline
