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
#include <utility>

#include "launch/image_file.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 14> kImageExtensions{".jpg", ".jpeg", ".jpe", ".png",  ".bmp",
                                                            ".dib", ".webp", ".tif", ".tiff", ".jp2",
                                                            ".pbm", ".pgm",  ".ppm", ".pnm"};

/// Pictures one after another, of which OpenCV would read the first alone.
constexpr std::array<std::string_view, 2> kFilmExtensions{".mjpeg", ".mjpg"};

template <std::size_t N>
bool has_extension(const fs::path& path, const std::array<std::string_view, N>& known) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(known.begin(), known.end(), extension) != known.end();
}

bool has_image_extension(const fs::path& path) { return has_extension(path, kImageExtensions); }

InputKind kind_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_character_file(path, error) || path.string().starts_with("/dev/video"))
    return InputKind::kCamera;
  if (has_image_extension(path)) return InputKind::kImage;
  if (has_extension(path, kFilmExtensions)) return InputKind::kVideo;
  const bool image = fs::is_regular_file(path, error) && cv::haveImageReader(path.string());
  return image ? InputKind::kImage : InputKind::kVideo;
}

/// Collects a folder's images. Links to folders are followed as `find -L` does: what a link adds is the
/// user's, but one to a folder that it lies in would never end.
class FolderWalk {
 public:
  /// \param output  canonical; empty: none
  FolderWalk(fs::path folder, fs::path output, ExpandedInputs& expanded)
      : root_(std::move(folder)), output_(std::move(output)), expanded_(expanded) {}

  void run() {
    walk(root_);
    std::sort(found_.begin(), found_.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
    expanded_.inputs.insert(expanded_.inputs.end(), found_.begin(), found_.end());
    if (!found_.empty() || unreadable_ || passed_over_) return;
    expanded_.problems.push_back(
        fmt::format("The folder '{}' holds no images: give one with files that end in {}", root_.string(),
                    fmt::join(kImageExtensions, " ")));
  }

 private:
  /// One that cannot be read, or not to its end, takes no other with it.
  void walk(const fs::path& folder) {
    std::error_code error;
    const auto place = fs::canonical(folder, error);
    if (std::find(around_.begin(), around_.end(), place) != around_.end()) return;
    around_.push_back(place);
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) add(*entry);
    around_.pop_back();
    if (!error) return;
    unreadable_ = true;
    expanded_.problems.push_back(
        fmt::format("Cannot read the folder '{}' to its end: {}; make it readable to have all its images",
                    folder.string(), error.message()));
  }

  void add(const fs::directory_entry& entry) {
    const auto& path = entry.path();
    std::error_code unknown;
    if (path.filename().string().starts_with(".")) return;
    if (entry.is_directory(unknown)) {
      walk(path);
    } else if (!has_image_extension(path)) {
      return;
    } else if (is_in_output() && is_annotated_copy(path)) {
      passed_over_ = true;
    } else {
      found_.push_back({path.string(), InputKind::kImage, path.lexically_relative(root_).string()});
    }
  }

  /// Whether the folder being read is where results go, or lies in it.
  bool is_in_output() const {
    const auto& place = around_.back();
    return !output_.empty() &&
           std::mismatch(output_.begin(), output_.end(), place.begin(), place.end()).first == output_.end();
  }

  const fs::path root_;
  const fs::path output_;
  ExpandedInputs& expanded_;
  std::vector<fs::path> around_;  ///< The folders that the one being read lies in, and itself
  std::vector<Input> found_;
  bool passed_over_ = false;  ///< Annotated copies
  bool unreadable_ = false;
};

void add_path(const std::string& path, const fs::path& output, ExpandedInputs& expanded) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    FolderWalk(path, output, expanded).run();
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

void add_glob(const std::string& pattern, const fs::path& output, ExpandedInputs& expanded) {
  glob_t matches{};
  // glob() sorts; its one answer besides "found" that matters is "nothing there".
  const int status = ::glob(pattern.c_str(), GLOB_BRACE | GLOB_TILDE, nullptr, &matches);
  if (status != 0) {
    expanded.problems.push_back(
        fmt::format("Nothing matches '{}': give images, folders, videos, cameras, or a quoted glob such as "
                    "'shots/*.jpg'",
                    pattern));
  }
  for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i)
    add_path(matches.gl_pathv[i], output, expanded);
  ::globfree(&matches);
}

/// Two inputs of one name would be told apart by nothing in the results. A path may be another one's name.
void tell_apart(std::vector<Input>& inputs) {
  for (bool changed = true; std::exchange(changed, false);) {
    std::map<std::string, int> uses;
    for (const auto& input : inputs) ++uses[input.name];
    for (auto& input : inputs) {
      if (uses[input.name] == 1 || input.name == input.path) continue;
      input.name = input.path;
      changed = true;
    }
  }
}

}  // namespace

bool is_uri(const std::string& text) {
  const auto colon = text.find("://");
  return colon != std::string::npos && colon > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
         });
}

ExpandedInputs expand_inputs(const std::vector<std::string>& arguments, const fs::path& output) {
  ExpandedInputs expanded;
  std::error_code absent;
  const auto results = fs::canonical(output, absent);
  for (const auto& argument : arguments) {
    std::error_code error;
    if (is_uri(argument)) {
      expanded.inputs.push_back({argument, InputKind::kVideo, argument});
    } else if (!fs::exists(argument, error) && argument.find_first_of("*?[{~") != std::string::npos) {
      add_glob(argument, results, expanded);
    } else {
      add_path(argument, results, expanded);
    }
  }
  if (expanded.inputs.empty() && expanded.problems.empty()) {
    expanded.problems.push_back(
        fmt::format("There is nothing but annotated copies of earlier runs in {}: give other images, or "
                    "another folder for "
                    "the copies",
                    fmt::join(arguments, ", ")));
  }
  tell_apart(expanded.inputs);
  return expanded;
}

}  // namespace rcnn::launch
