// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "launch/inputs.hpp"

namespace rcnn::launch {

/// A file as the command line names it.
struct NamedFile {
  std::string option;          ///< "--json"; "the input" for what has no option
  std::filesystem::path file;  ///< Empty: the option was not given. Of outputs, "-" is standard output
};

/// What a command reads: files, file:// URIs, and folders, which stand for the files right in them.
/// Thread safety: reentrant.
std::vector<NamedFile> named_files(const std::string& option, const std::vector<Input>& inputs);

/// Refuses, before anything is opened, outputs that would destroy what the command reads or each other: one
/// file by two names (links, relative paths) is one file. Inputs that are not there are passed over; devices
/// take more than one output. Thread safety: reentrant. \throws engine::SettingError naming both options and
/// files, or the output that is a folder
void check_outputs(std::span<const NamedFile> outputs, std::span<const NamedFile> inputs);

}  // namespace rcnn::launch
