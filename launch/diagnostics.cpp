// SPDX-License-Identifier: MIT
#include "launch/diagnostics.hpp"

#include <cstddef>
#include <iostream>
#include <string_view>

namespace rcnn::launch {

std::ostream& diagnostics() {
  // Its own stream over the buffer that std::cerr had first: swapping that of std::cerr leaves this one
  // alone.
  static std::ostream stream(std::cerr.rdbuf());
  return stream;
}

std::string one_line(const std::string& message) {
  constexpr std::string_view kItem = "\n  ";
  std::string line;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (c != '\n' && c != '\r' && c != '\t') {
      line += c;
    } else if (message.compare(i, kItem.size(), kItem) == 0) {
      line += line.ends_with(':') ? " " : ", ";
      i += kItem.size() - 1;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

void print_error(const std::string& message) {
  diagnostics() << "neuron-rcnn: " + one_line(message) + "\n" << std::flush;
}

QuietErrorStream::QuietErrorStream() {
  diagnostics();
  before_ = std::cerr.rdbuf(nullptr);
}

QuietErrorStream::~QuietErrorStream() { std::cerr.rdbuf(before_); }

}  // namespace rcnn::launch
