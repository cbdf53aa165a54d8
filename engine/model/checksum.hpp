// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace rcnn::engine {

/// XXH3-64 as 16 hexadecimal digits: tells damage and other contents, but no forgery. Thread safety:
/// reentrant, as the others.
std::string checksum(std::span<const std::byte> bytes);
std::string checksum(const std::string& text);

/// That of a file's contents, which are read a piece at a time.
/// \throws ModelError: missing, a folder or device, not readable, empty, or cut off while it is read.
std::string file_checksum(const std::filesystem::path& file);

}  // namespace rcnn::engine
