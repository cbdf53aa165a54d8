// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>
#include <streambuf>
#include <string>

namespace rcnn::launch {

/// stderr for this program's own words. It stays audible while QuietErrorStream is in force.
std::ostream& diagnostics();

/// Prints "neuron-rcnn: MESSAGE" as one line, whatever line breaks the message holds.
void print_error(const std::string& message);
/// The message with its line breaks turned into blanks, those before items of a list (indented by two blanks)
/// into commas.
std::string one_line(const std::string& message);

/// While it lives, what libraries write to std::cerr is dropped: OpenCV announces there what the program then
/// says in its own words. One at a time in a process.
class QuietErrorStream {
 public:
  QuietErrorStream();
  ~QuietErrorStream();
  QuietErrorStream(const QuietErrorStream&) = delete;
  QuietErrorStream& operator=(const QuietErrorStream&) = delete;

 private:
  std::streambuf* before_;
};

}  // namespace rcnn::launch
