// SPDX-License-Identifier: MIT
#include "engine/runtime/conv2d_cost_file.hpp"

#include <spdlog/spdlog.h>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/errors.hpp"
#include "engine/files/pending_file.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFormat = "gst-neuron-rcnn convolution costs";
constexpr int kVersion =
    2;  ///< To be raised with every change that moves the kernels' speed or the costs' meaning

constexpr std::array<Conv2dAlgorithm, 3> kAlgorithms{Conv2dAlgorithm::kDirect, Conv2dAlgorithm::kWinograd2x2,
                                                     Conv2dAlgorithm::kWinograd4x4};

double cost_in(const json& pair, std::size_t index) {
  const double value = pair.at(index).get<double>();
  if (!std::isfinite(value) || value < 0) throw std::domain_error("a cost is negative or not finite");
  return value;
}

DType type_named(const std::string& name) {
  for (const auto type : {DType::kF32, DType::kBf16, DType::kU8}) {
    if (to_string(type) == name) return type;
  }
  throw std::domain_error("maps of the type " + name + " have no costs");
}

/// \throws json::exception, std::exception
std::pair<Conv2dClass, Conv2dCosts> entry_in(const json& entry) {
  const Conv2dClass shape{entry.at("in_channels").get<std::int64_t>(),
                          entry.at("out_channels").get<std::int64_t>(), entry.at("block").get<int>(),
                          entry.at("threads").get<int>(), type_named(entry.at("type"))};
  Conv2dCosts costs;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const auto& pair = entry.at(to_string(kAlgorithms[i]));
    costs[i] = {cost_in(pair, 0), cost_in(pair, 1)};
    if (costs[i].fixed + costs[i].unit <= 0) throw std::domain_error("a cost is zero");
  }
  return {shape, costs};
}

json to_json(const Conv2dCostTable& table, const std::string& platform) {
  auto entries = json::array();
  for (const auto& [shape, costs] : table) {
    json entry{{"in_channels", shape.in_channels},
               {"out_channels", shape.out_channels},
               {"block", shape.block},
               {"threads", shape.threads},
               {"type", to_string(shape.dtype)}};
    for (std::size_t i = 0; i < costs.size(); ++i) {
      entry[to_string(kAlgorithms[i])] = {costs[i].fixed, costs[i].unit};
    }
    entries.push_back(std::move(entry));
  }
  return {{"format", kFormat},
          {"version", kVersion},
          {"platform", platform},
          {"unit", "microseconds: fixed, per tile (direct: per cell)"},
          {"costs", std::move(entries)}};
}

}  // namespace

Conv2dCostFile::Conv2dCostFile(fs::path file, std::string platform)
    : file_(std::move(file)), platform_(std::move(platform)) {}

fs::path Conv2dCostFile::default_path(const std::string& platform) {
  const auto folder_in = [](const char* variable) {
    const char* value = std::getenv(variable);
    return fs::path(value == nullptr ? "" : value);
  };
  auto folder = folder_in("XDG_CACHE_HOME");
  if (!folder.is_absolute()) {  // The XDG specification has relative ones ignored.
    folder = folder_in("HOME");
    if (!folder.is_absolute()) return {};
    folder /= ".cache";
  }
  std::string name = "convolutions";
  bool gap = true;
  for (const char c : platform) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.';
    if (plain && gap) name += '-';
    if (plain) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    gap = !plain;
  }
  constexpr std::size_t kLongest = 200;  // File systems end at 255; the platform stands in the file as well.
  return folder / "gst-neuron-rcnn" / (name.substr(0, kLongest) + ".json");
}

Conv2dCostTable Conv2dCostFile::load() const {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(file_, missing))
    return {};  // A pipe of that name would wait for a writer
  std::ifstream stream(file_);
  if (!stream) return {};
  try {
    const auto content = json::parse(stream);
    if (content.at("format") != kFormat || content.at("version") != kVersion ||
        content.at("platform") != platform_) {
      return {};
    }
    Conv2dCostTable table;
    for (const auto& entry : content.at("costs")) table.insert(entry_in(entry));
    return table;
  } catch (const std::exception& error) {
    spdlog::debug("{}: ignored ({})", file_.string(), error.what());
    return {};
  }
}

Conv2dCostTable Conv2dCostFile::add(const Conv2dCostTable& table) const {
  auto merged = load();
  merged.insert(table.begin(), table.end());
  if (!file_.empty()) store(merged);
  return merged;
}

void Conv2dCostFile::store(const Conv2dCostTable& table) const {
  std::error_code missing;
  if (fs::exists(file_, missing) && !fs::is_regular_file(file_, missing))
    return;  // A pipe of that name would wait for a reader
  try {
    PendingFile pending(file_);
    std::ofstream stream(pending.path());
    stream << to_json(table, platform_).dump(1) << '\n';
    stream.close();
    if (!stream) throw Error("the folder cannot be written to, or has no room");
    pending.commit();
  } catch (const std::exception& error) {
    spdlog::debug("{}: not kept, so the next process measures again ({})", file_.string(), error.what());
  }
}

}  // namespace rcnn::engine
