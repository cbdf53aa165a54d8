// SPDX-License-Identifier: MIT
#include <charconv>
#include <string_view>

#include "engine/compile/compiler.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kBicubic = ":bicubic";

/// The number at the front of `text`, which is moved past it; 0 if there is none.
int take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Bilinear goes without saying, so that artifacts are called as they were before there was another.
Interpolation take_interpolation(std::string_view& text) {
  return take(text, kBicubic) ? Interpolation::kBicubic : Interpolation::kBilinear;
}

bool in_range(int side) { return side >= kLeastSide && side <= kMostSide; }

}  // namespace

InputSpec parse_input_spec(const std::string& text) {
  InputSpec spec;
  std::string_view rest = text;
  if (take(rest, "stretch:")) {
    spec.width = take_number(rest);
    if (take(rest, "x") && in_range(spec.width)) {
      spec.height = take_number(rest);
      spec.interpolation = take_interpolation(rest);
      if (rest.empty() && in_range(spec.height)) return spec;
    }
  } else if (take(rest, "shortest-edge:")) {
    spec.mode = InputSpec::Mode::kShortestEdge;
    spec.shortest = take_number(rest);
    if (take(rest, ":") && in_range(spec.shortest)) {
      spec.longest = take_number(rest);
      if (rest.empty() && in_range(spec.longest) && spec.longest >= spec.shortest) return spec;
    }
  } else if (take(rest, "centre-crop:")) {
    spec.mode = InputSpec::Mode::kCentreCrop;
    spec.shortest = take_number(rest);
    if (take(rest, ":") && in_range(spec.shortest)) {
      spec.width = spec.height = take_number(rest);
      spec.interpolation = take_interpolation(rest);
      if (rest.empty() && in_range(spec.width) && spec.width <= spec.shortest) return spec;
    }
  }
  throw SettingError("input '" + text + "': accepted are stretch:WIDTHxHEIGHT (\"stretch:800x800\"), " +
                     "shortest-edge:SHORTEST:LONGEST (\"shortest-edge:800:1333\") and, for classifiers, " +
                     "centre-crop:SHORTER:SIDE (\"centre-crop:256:224\") and :bicubic after it or after " +
                     "stretch (\"centre-crop:256:224:bicubic\"); sides from " + std::to_string(kLeastSide) +
                     " to " + std::to_string(kMostSide) +
                     " pixels, LONGEST no less than SHORTEST, SIDE no more than " + "SHORTER");
}

std::string to_string(const InputSpec& spec) {
  const std::string filter = spec.interpolation == Interpolation::kBicubic ? kBicubic : "";
  if (spec.mode == InputSpec::Mode::kStretch) {
    return "stretch:" + std::to_string(spec.width) + "x" + std::to_string(spec.height) + filter;
  }
  if (spec.mode == InputSpec::Mode::kCentreCrop) {
    return "centre-crop:" + std::to_string(spec.shortest) + ":" + std::to_string(spec.width) + filter;
  }
  return "shortest-edge:" + std::to_string(spec.shortest) + ":" + std::to_string(spec.longest);
}

Size network_size(const InputSpec& spec, Size image) {
  if (spec.mode != InputSpec::Mode::kShortestEdge) return {spec.width, spec.height};
  return shortest_edge_size(image, spec.shortest, spec.longest);
}

}  // namespace rcnn::engine
