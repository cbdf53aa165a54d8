// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rcnn::launch {

/// SCHEME://...; all else is the name of a file, colons or not. Thread safety: reentrant.
bool is_uri(const std::string& text);

enum class InputKind : std::uint8_t { kImage, kVideo, kCamera };

/// One thing to look at.
struct Input {
  std::string path;  ///< File, device or URI, as it is opened
  InputKind kind = InputKind::kImage;
  /// What results call it: the file's name, or the path below the folder given; the whole path where two
  /// inputs would share a name.
  std::string name;
};

struct ExpandedInputs {
  std::vector<Input> inputs;
  std::vector<std::string> problems;  ///< One line each: what could not be expanded; the rest is still there
};

/// Turns arguments into inputs, in the order given:
///
///   image file       extension of an image format, or content that OpenCV knows
///   folder           the images in it and below it, sorted; hidden files and other files are passed over,
///                    links to folders followed; a folder in it that cannot be read is a problem; in
///                    `output`, where results go, annotated copies of earlier runs are passed over, too
///   glob             "shots/*.jpg" quoted, so that the shell leaves it alone: matches, sorted
///   /dev/videoN      camera (any character device)
///   SCHEME://...     video, as GStreamer opens it (rtsp://, http://)
///   .mjpeg, .mjpg    video, though it begins like an image
///   pipe or socket   a problem: nobody may ever write into it
///   any other file   video
///
/// Thread safety: thread-bound, as glob() is.
ExpandedInputs expand_inputs(const std::vector<std::string>& arguments,
                             const std::filesystem::path& output = {});

}  // namespace rcnn::launch
