// SPDX-License-Identifier: MIT
#include "launch/diagnostics.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <sstream>
#include <streambuf>
#include <string_view>
#include <utility>

namespace rcnn::launch {
namespace {

constexpr std::string_view kOwnWords = "neuron-rcnn: ";

/// Where stderr really is: the descriptor 2, or its copy while that one is redirected.
struct ErrorFile {
  std::mutex mutex;  ///< Guards descriptor and what 2 stands for
  int descriptor = STDERR_FILENO;

  void write(std::string_view text) {
    const std::lock_guard lock(mutex);
    while (!text.empty()) {
      const auto written = ::write(descriptor, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;  // A signal came; nothing was written.
      if (written <= 0) return;                     // It is closed, or its disk full: nobody can be told.
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
};

ErrorFile& error_file() {
  static ErrorFile file;
  return file;
}

class ErrorBuffer final : public std::streambuf {
 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    error_file().write({text, static_cast<std::size_t>(size)});
    return size;
  }
  int_type overflow(int_type character) override {
    const char text = traits_type::to_char_type(character);
    if (!traits_type::eq_int_type(character, traits_type::eof())) error_file().write({&text, 1});
    return traits_type::not_eof(character);
  }
};

std::string read_from_start(int file) {
  std::string text;
  std::array<char, 4096> part{};
  ::lseek(file, 0, SEEK_SET);
  for (ssize_t size = 0; (size = ::read(file, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

std::ostream& diagnostics() {
  static ErrorBuffer buffer;
  static std::ostream stream(&buffer);
  return stream;
}

namespace {

/// Appends the byte there, or for a control character, which a terminal would obey, a question mark. Those of
/// 8 bits are two bytes in UTF-8.
void append_printable(std::string_view text, std::size_t& at, std::string& to) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
  const bool wide = byte == 0xc2 && next >= 0x80 && next < 0xa0;
  to += byte < 0x20 || byte == 0x7f || wide ? '?' : text[at];
  if (wide) ++at;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) append_printable(text, i, shown);
  return shown;
}

std::string one_line(const std::string& message) {
  constexpr std::string_view kItem = "\n  ";
  std::string line;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (c != '\n' && c != '\r' && c != '\t') {
      append_printable(message, i, line);
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
  diagnostics() << std::string(kOwnWords) + one_line(message) + "\n" << std::flush;
}

QuietErrorStream::QuietErrorStream() : alone_(only_one()) {
  auto& file = error_file();
  const std::lock_guard lock(file.mutex);
  before_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  held_ = ::memfd_create("stderr", MFD_CLOEXEC);
  if (before_ < 0 || held_ < 0) return;  // It is closed, or nothing can be opened: as loud as ever.
  ::dup2(held_, STDERR_FILENO);
  file.descriptor = before_;
}

std::string QuietErrorStream::end() {
  if (before_ >= 0 && held_ >= 0) {
    auto& file = error_file();
    const std::lock_guard lock(file.mutex);
    ::dup2(before_, STDERR_FILENO);
    file.descriptor = STDERR_FILENO;
  }
  std::string said;
  std::istringstream lines(held_ >= 0 ? read_from_start(held_) : "");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kOwnWords)) {
      error_file().write(line + '\n');
    } else if (said.empty()) {
      said = line;
    }
  }
  for (int* file : {&before_, &held_}) {
    if (*file >= 0) ::close(std::exchange(*file, -1));
  }
  return said;
}

QuietErrorStream::~QuietErrorStream() { end(); }

std::mutex& QuietErrorStream::only_one() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace rcnn::launch
