// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <ostream>
#include <string>
#include <string_view>

namespace rcnn::launch {

/// stderr for this program's own words. It stays audible while QuietErrorStream is in force.
/// Thread safety: one thread at a time writes to it.
std::ostream& diagnostics();

/// Prints "neuron-rcnn: MESSAGE" as one line, whatever line breaks the message holds.
/// Thread safety: as diagnostics().
void print_error(const std::string& message);
/// The text with its control characters, which a terminal would obey, turned into question marks: names of
/// files and classes are others' work. Thread safety: reentrant, as the next.
std::string printable(std::string_view text);
/// printable() of the message with its line breaks turned into blanks, those before items of a list (indented
/// by two blanks) into commas.
std::string one_line(const std::string& message);

/// While it lives, what libraries write to stderr, through std::cerr or past it, is held back: libjpeg,
/// libpng and OpenCV announce there, without the file's name, what the program then says in its own words.
/// Those, from diagnostics() and spdlog, are heard. Thread safety: a second one waits until the first one has
/// ended.
class QuietErrorStream {
 public:
  QuietErrorStream();
  ~QuietErrorStream();
  QuietErrorStream(const QuietErrorStream&) = delete;
  QuietErrorStream& operator=(const QuietErrorStream&) = delete;

  /// Ends it. \return the first line that was held back; empty: nothing was
  std::string end();

 private:
  static std::mutex& only_one();

  std::lock_guard<std::mutex> alone_;
  int before_ = -1;  ///< A copy of stderr's descriptor
  int held_ = -1;    ///< The file that stands in its place
};

}  // namespace rcnn::launch
