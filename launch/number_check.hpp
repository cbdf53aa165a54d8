// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <string>

namespace rcnn::launch {

/// For options that take a real number: CLI::Range alone lets "nan" through, which is neither below nor above
/// anything. Thread safety: reentrant.
inline CLI::Validator number_between(double least, double most) {
  CLI::Validator check = CLI::Range(least, most);
  check.operation([range = check](std::string& text) -> std::string {
    double number = 0;
    if (CLI::detail::lexical_cast(text, number) && std::isnan(number))
      return "Value " + text + " is no number";
    return range(text);
  });
  return check;
}

}  // namespace rcnn::launch
