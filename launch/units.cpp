// SPDX-License-Identifier: MIT
#include "launch/units.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cmath>

namespace rcnn::launch {

std::string format_bytes(double bytes) {
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
  std::size_t unit = 0;
  bytes /= 1024;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string format_count(double count) {
  constexpr std::array kPrefixes{"", " k", " M", " G", " T", " P"};
  std::size_t prefix = 0;
  // 999.5 would round to four figures.
  while (count >= 999.5 && prefix + 1 < kPrefixes.size()) {
    count /= 1000;
    ++prefix;
  }
  const int decimals = prefix == 0 || count >= 99.95 ? 0 : count >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", count, decimals, kPrefixes[prefix]);
}

std::string format_seconds(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

std::string format_percent(double fraction) {
  const double percent = fraction * 100;
  // Neither nothing nor everything is claimed where something is left.
  if (percent > 0 && percent < 0.05) return "<0.1 %";
  if (percent < 100 && percent >= 99.5) return ">99 %";
  return fmt::format("{:.{}f} %", percent, percent >= 9.95 || percent == 0 ? 0 : 1);
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace rcnn::launch
