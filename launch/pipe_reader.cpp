// SPDX-License-Identifier: MIT
#include "launch/pipe_reader.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "engine/errors.hpp"
#include "launch/interrupt.hpp"

namespace rcnn::launch {

PipeReader::PipeReader(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_fifo(file, error)) return;
  const Interrupt interrupt;
  for (;;) {
    descriptor_ = ::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor_ >= 0 || errno != ENXIO) return;
    if (interrupt.requested()) {
      throw engine::Error(
          fmt::format("Cannot write '{}': interrupted while nobody read that pipe; begin its reader first",
                      file.string()));
    }
    constexpr std::chrono::milliseconds kMoment{50};
    std::this_thread::sleep_for(kMoment);
  }
}

PipeReader::~PipeReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace rcnn::launch
