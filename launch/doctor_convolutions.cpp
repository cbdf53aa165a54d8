// SPDX-License-Identifier: MIT
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "engine/ops/platform.hpp"
#include "engine/runtime/conv2d_cost_file.hpp"
#include "launch/doctor_checks.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using engine::Conv2dAlgorithm;

/// Of a map of R_50-FPN's middle: the picks hardly depend on the extent.
constexpr std::int64_t kSide = 50;

std::string describe(const engine::Conv2dClass& shape, const engine::Conv2dCosts& costs) {
  const auto pick = engine::quickest(costs, 1, kSide, kSide);
  auto text =
      fmt::format("{} -> {} in {}, {}", shape.in_channels, shape.out_channels,
                  engine::size_of(shape.dtype) == 1 ? "8 bits" : engine::to_string(shape.dtype),
                  shape.block == 1 ? "channels last" : fmt::format("blocks of {} channels", shape.block));
  if (shape.threads > 1) text += fmt::format(" on {} threads", shape.threads);
  text += ": " + engine::to_string(pick);
  if (pick == Conv2dAlgorithm::kDirect) return text;
  const auto time = [&](Conv2dAlgorithm algorithm) {
    return engine::expected_time(costs, algorithm, 1, kSide, kSide);
  };
  return text + fmt::format(", {:.1f} times direct", time(Conv2dAlgorithm::kDirect) / time(pick));
}

/// The folder, or what is nearest above it and exists.
bool can_be_written(fs::path folder) {
  std::error_code failure;
  while (!fs::exists(folder, failure) && folder != folder.parent_path()) folder = folder.parent_path();
  return fs::is_directory(folder, failure) && ::access(folder.c_str(), W_OK) == 0;
}

}  // namespace

Checks check_convolutions() {
  const auto platform = engine::platform();
  const engine::Conv2dCostFile file(engine::Conv2dCostFile::default_path(platform), platform);
  Checks checks;
  if (file.path().empty() || !can_be_written(file.path().parent_path())) {
    checks.push_back({Health::kWarn, "convolution picks",
                      file.path().empty() ? "no home folder" : file.path().string() + " cannot be written",
                      "set XDG_CACHE_HOME to a folder that can be: until then every process measures anew"});
  } else {
    checks.push_back({Health::kOk, "convolution picks", file.path().string(), ""});
  }
  const auto table = file.load();
  if (table.empty())
    checks.push_back({Health::kOk, "3x3 convolutions", "not measured yet: loading a model does", ""});
  for (const auto& [shape, costs] : table) {
    checks.push_back({Health::kOk, "3x3 convolutions", describe(shape, costs), ""});
  }
  return checks;
}

}  // namespace rcnn::launch
