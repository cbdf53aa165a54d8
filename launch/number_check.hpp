// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace rcnn::launch {

inline constexpr std::int64_t kMostTimes = 1'000'000'000;  ///< That anything can be asked for

namespace detail {

/// "0.1", not "0.100000".
inline std::string short_text(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace detail

/// For options that take a real number, written as people write it: CLI11 alone also takes 0x1p-1, for 0.5.
/// CLI::Range lets "nan" through, which is neither below nor above anything. Thread safety: reentrant, as are
/// the others.
inline CLI::Validator number_between(double least, double most) {
  const auto range = detail::short_text(least) + " to " + detail::short_text(most);
  const auto check = [=](std::string& text) -> std::string {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stop == end && number >= least && number <= most) return {};
    return "'" + text + "' is no number from " + range;
  };
  return {check, range};
}

/// For options that take a whole number, written as people write it: CLI11 alone also takes 010 and 0x10, for
/// 8 and 16, and reads what is too large for its type as something else.
inline CLI::Validator whole_number_between(std::int64_t least, std::int64_t most) {
  const auto range = std::to_string(least) + " to " + std::to_string(most);
  const auto check = [=](std::string& text) -> std::string {
    constexpr std::size_t kMostDigits = 18;  // Of any 64-bit number.
    const bool plain = !text.empty() && text.size() <= kMostDigits &&
                       std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
                       (text.size() == 1 || text.front() != '0');
    const std::int64_t number = plain ? std::stoll(text) : -1;
    if (plain && number >= least && number <= most) return {};
    return "'" + text + "' is no whole number from " + range;
  };
  return {check, range};
}

}  // namespace rcnn::launch
