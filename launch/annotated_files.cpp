// SPDX-License-Identifier: MIT
#include "launch/annotated_files.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <set>
#include <system_error>

#include "engine/errors.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

/// What is drawn is in colour, which these cannot hold.
bool is_grey_format(const fs::path& path) {
  const auto extension = lower_extension(path);
  return extension == ".pgm" || extension == ".pbm";
}

/// haveImageWriter() throws for names without an extension.
bool can_write_image(const fs::path& path) {
  return path.has_extension() && cv::haveImageWriter(path.string()) && !is_grey_format(path);
}

/// A name that ends in what looks like a format is not made a folder: it would be a slip more often than not.
bool is_file_name(const fs::path& output) {
  std::error_code error;
  if (fs::is_directory(output, error)) return false;
  return output.has_extension() || output == "-" || fs::exists(output, error);
}

void check_file_name(const Input& input, const fs::path& output) {
  std::error_code error;
  if (fs::exists(output, error) && !fs::is_regular_file(output, error)) return;  // A device takes anything.
  const bool image = input.kind == InputKind::kImage;
  if (image ? can_write_image(output) : lower_extension(output) == ".mp4") return;
  throw engine::SettingError(fmt::format(
      "--output {} does not suit '{}'{}: give a name that ends in {}, or a folder (a / at the end makes one)",
      output.string(), input.path, image && is_grey_format(output) ? ", drawn on in colour" : "",
      image ? ".jpg or .png" : ".mp4"));
}

/// The input's name as a path that stays below the output folder.
fs::path relative_name(const Input& input) {
  fs::path relative;
  for (const auto& part : fs::path(input.name).relative_path().lexically_normal()) {
    if (part != "..") relative /= part;
  }
  if (input.kind == InputKind::kImage) {
    if (is_grey_format(relative)) return relative.replace_extension(".png");
    return can_write_image(relative) ? relative : fs::path(relative.string() + ".png");
  }
  if (is_uri(input.name)) {
    std::string flat = input.name.substr(input.name.find("://") + 3);
    std::replace_if(
        flat.begin(), flat.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '.'; }, '_');
    relative = flat;
  }
  return relative.replace_extension(".mp4");
}

fs::path unused(const fs::path& wanted, std::set<fs::path>& taken) {
  fs::path path = wanted;
  for (int number = 2; !taken.insert(path).second; ++number) {
    path = wanted.parent_path() /
           fmt::format("{}-{}{}", wanted.stem().string(), number, wanted.extension().string());
  }
  return path;
}

}  // namespace

std::vector<fs::path> annotated_files(const std::vector<Input>& inputs, const fs::path& output) {
  std::vector<fs::path> files;
  if (is_file_name(output)) {
    if (inputs.size() > 1) {
      throw engine::SettingError(fmt::format(
          "--output {} is one file, but there are {} inputs: give a folder (a / at the end makes one)",
          output.string(), inputs.size()));
    }
    for (const auto& input : inputs) check_file_name(input, output);
    files.assign(inputs.size(), output);
  } else {
    std::set<fs::path> taken;
    for (const auto& input : inputs) files.push_back(unused(output / relative_name(input), taken));
  }
  return files;
}

}  // namespace rcnn::launch
