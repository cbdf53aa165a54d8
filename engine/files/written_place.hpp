// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>

namespace rcnn::engine {

/// Where what is written to `target` comes to lie: symbolic links are followed, also to files that do not
/// exist yet, but for a process' open descriptors (/dev/stdout, /dev/fd/3), which are more than the files
/// behind them: "/proc/PID/fd/3". Thread safety: reentrant.
std::filesystem::path written_place(const std::filesystem::path& target);

/// Whether a written_place() is an open descriptor. Thread safety: reentrant.
bool is_descriptor(const std::filesystem::path& place);

/// A stream to a written_place() itself: a descriptor goes on where its owner stopped, anything else is
/// emptied, or made. Not good where it cannot be opened; errno says why. Thread safety: reentrant.
std::ofstream open_in_place(const std::filesystem::path& place);

}  // namespace rcnn::engine
