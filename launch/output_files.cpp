// SPDX-License-Identifier: MIT
#include "launch/output_files.hpp"

#include <glib.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <map>
#include <optional>
#include <system_error>

#include "engine/errors.hpp"
#include "engine/files/written_place.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

/// Equal for two names of one file; none where nothing is there.
std::optional<std::string> identity(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return fmt::format("{}:{}", status.st_dev, status.st_ino);
}

/// Of a file that is still to be made, too.
std::string future_identity(const fs::path& file) {
  if (const auto there = identity(file)) return *there;
  std::error_code error;
  const auto whole = fs::weakly_canonical(fs::absolute(engine::written_place(file), error), error);
  return error ? file.string() : whole.string();
}

fs::path local_path(const fs::path& file) {
  if (!file.string().starts_with("file://")) return file;
  gchar* path = g_filename_from_uri(file.c_str(), nullptr, nullptr);
  fs::path local = path == nullptr ? file : fs::path(path);
  g_free(path);
  return local;
}

using Known = std::map<std::string, NamedFile>;

void add_input(const NamedFile& input, Known& known) {
  std::error_code error;
  const auto path = local_path(input.file);
  if (fs::is_directory(path, error)) {
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
      if (const auto there = identity(entry->path()))
        known.emplace(*there, NamedFile{input.option, entry->path()});
    }
  } else if (const auto there = identity(path)) {
    known.emplace(*there, input);
  }
}

void check_is_file(const NamedFile& output) {
  std::error_code error;
  if (output.file.has_filename() && !fs::is_directory(output.file, error)) return;
  throw engine::SettingError(
      fmt::format("{} '{}' is a folder where one file is written: give the name of a file in it",
                  output.option, output.file.string()));
}

/// Whether what is there takes more than one output without losing any.
bool is_device(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error) && !fs::is_regular_file(file, error);
}

void check_apart(const NamedFile& output, const std::string& file, Known& outputs) {
  const auto [other, added] = outputs.emplace(file, output);
  if (added) return;
  const auto& first = other->second;
  throw engine::SettingError(
      output.file == "-"
          ? fmt::format("{} and {} cannot both be standard output (-): give one of them a file", first.option,
                        output.option)
          : fmt::format("{} '{}' and {} '{}' are one file: give each its own", first.option,
                        first.file.string(), output.option, output.file.string()));
}

/// A file cannot be made where a folder is made for another one.
void check_below(const Known& outputs) {
  for (const auto& [file, output] : outputs) {
    for (fs::path folder = fs::path(file).parent_path(); folder.has_relative_path();
         folder = folder.parent_path()) {
      const auto above = outputs.find(folder.string());
      if (above == outputs.end()) continue;
      throw engine::SettingError(fmt::format(
          "{} '{}' is in the folder that {} '{}' would be: give one of them another name", output.option,
          output.file.string(), above->second.option, above->second.file.string()));
    }
  }
}

}  // namespace

std::vector<NamedFile> named_files(const std::string& option, const std::vector<Input>& inputs) {
  std::vector<NamedFile> files;
  files.reserve(inputs.size());
  for (const auto& input : inputs) files.push_back({option, input.path});
  return files;
}

void check_outputs(std::span<const NamedFile> outputs, std::span<const NamedFile> inputs) {
  Known read, written;
  for (const auto& input : inputs) add_input(input, read);
  for (const auto& output : outputs) {
    if (output.file.empty()) continue;
    if (output.file == "-") {
      check_apart(output, "-", written);
      continue;
    }
    check_is_file(output);
    const auto file = future_identity(output.file);
    if (const auto found = read.find(file); found != read.end()) {
      throw engine::SettingError(fmt::format("{} '{}' would overwrite {} '{}': give another name",
                                             output.option, output.file.string(), found->second.option,
                                             found->second.file.string()));
    }
    if (!is_device(output.file)) check_apart(output, file, written);
  }
  check_below(written);
}

}  // namespace rcnn::launch
