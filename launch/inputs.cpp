// SPDX-License-Identifier: MIT
#include "launch/inputs.hpp"

#include <glob.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <string_view>
#include <system_error>

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 14> kImageExtensions{".jpg", ".jpeg", ".jpe", ".png",  ".bmp",
                                                            ".dib", ".webp", ".tif", ".tiff", ".jp2",
                                                            ".pbm", ".pgm",  ".ppm", ".pnm"};

bool has_image_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kImageExtensions.begin(), kImageExtensions.end(), extension) != kImageExtensions.end();
}

InputKind kind_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_character_file(path, error) || path.string().starts_with("/dev/video"))
    return InputKind::kCamera;
  if (has_image_extension(path)) return InputKind::kImage;
  const bool image = fs::is_regular_file(path, error) && cv::haveImageReader(path.string());
  return image ? InputKind::kImage : InputKind::kVideo;
}

void add_folder(const fs::path& folder, ExpandedInputs& expanded) {
  std::vector<Input> found;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    if (entry->path().filename().string().starts_with(".")) {
      if (entry->is_directory(unreadable)) entry.disable_recursion_pending();
    } else if (has_image_extension(entry->path()) && !entry->is_directory(unreadable)) {
      found.push_back(
          {entry->path().string(), InputKind::kImage, entry->path().lexically_relative(folder).string()});
    }
  }
  if (error) {
    expanded.problems.push_back(
        fmt::format("Cannot read the folder '{}' to its end: {}", folder.string(), error.message()));
  } else if (found.empty()) {
    expanded.problems.push_back(
        fmt::format("The folder '{}' holds no images: give one with files that end in {}", folder.string(),
                    fmt::join(kImageExtensions, " ")));
  }
  std::sort(found.begin(), found.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
  expanded.inputs.insert(expanded.inputs.end(), found.begin(), found.end());
}

void add_path(const std::string& path, ExpandedInputs& expanded) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    add_folder(path, expanded);
  } else if (fs::is_fifo(path, error) || fs::is_socket(path, error)) {
    expanded.problems.push_back(fmt::format(
        "'{}' is a pipe or socket, which may never end or begin: give a file, a folder, a camera or "
        "a URI; what comes through a pipe is for gst-launch-1.0 with fdsrc and neuronrcnn",
        path));
  } else {
    const auto kind = kind_of(path);
    const auto name = kind == InputKind::kCamera ? path : fs::path(path).filename().string();
    expanded.inputs.push_back({path, kind, name});
  }
}

bool is_uri(const std::string& text) {
  const auto colon = text.find("://");
  return colon != std::string::npos && colon > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
         });
}

void add_glob(const std::string& pattern, ExpandedInputs& expanded) {
  glob_t matches{};
  // glob() sorts; its one answer besides "found" that matters is "nothing there".
  const int status = ::glob(pattern.c_str(), GLOB_BRACE | GLOB_TILDE, nullptr, &matches);
  if (status != 0) {
    expanded.problems.push_back(
        fmt::format("Nothing matches '{}': give images, folders, videos, cameras, or a quoted glob such as "
                    "'shots/*.jpg'",
                    pattern));
  }
  for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) add_path(matches.gl_pathv[i], expanded);
  ::globfree(&matches);
}

/// Two inputs of one name would be told apart by nothing in the results.
void tell_apart(std::vector<Input>& inputs) {
  std::map<std::string, int> uses;
  for (const auto& input : inputs) ++uses[input.name];
  for (auto& input : inputs) {
    if (uses[input.name] > 1) input.name = input.path;
  }
}

}  // namespace

ExpandedInputs expand_inputs(const std::vector<std::string>& arguments) {
  ExpandedInputs expanded;
  for (const auto& argument : arguments) {
    std::error_code error;
    if (is_uri(argument)) {
      expanded.inputs.push_back({argument, InputKind::kVideo, argument});
    } else if (!fs::exists(argument, error) && argument.find_first_of("*?[{~") != std::string::npos) {
      add_glob(argument, expanded);
    } else {
      add_path(argument, expanded);
    }
  }
  tell_apart(expanded.inputs);
  return expanded;
}

}  // namespace rcnn::launch
