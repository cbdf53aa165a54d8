// SPDX-License-Identifier: MIT
#include "launch/progress_bar.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "launch/diagnostics.hpp"

namespace rcnn::launch {
namespace {

constexpr int kBarWidth = 24;
constexpr std::size_t kNoteWidth = 44;  // With the bar: fits 80 columns, so the line never wraps.

/// The characters of UTF-8 that fit.
std::string shortened(const std::string& note) {
  constexpr std::string_view kMore = "...";
  if (note.size() <= kNoteWidth) return note;
  const auto is_inside = [&](std::size_t at) {
    return (static_cast<unsigned char>(note[at]) & 0xC0U) == 0x80U;
  };
  auto end = kNoteWidth - kMore.size();
  while (end > 0 && is_inside(end)) --end;
  return note.substr(0, end).append(kMore);
}

}  // namespace

ProgressBar::ProgressBar() : ProgressBar(diagnostics(), ::isatty(STDERR_FILENO) == 1) {}

ProgressBar::ProgressBar(std::ostream& out, bool enabled, std::chrono::milliseconds interval)
    : out_(out), enabled_(enabled), interval_(interval) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::update(double done, double total, const std::string& text) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool complete = total > 0 && done >= total;
  if (visible_ && !complete && now - drawn_at_ < interval_) return;
  drawn_at_ = now;
  visible_ = true;
  const auto shown = shortened(printable(text));
  if (total > 0) {
    const double fraction = std::clamp(done / total, 0., 1.);
    const auto filled = static_cast<std::size_t>(fraction * kBarWidth);
    out_ << fmt::format("\r\x1b[K[{:-<{}}] {:3.0f} % {}", std::string(filled, '='), kBarWidth, fraction * 100,
                        shown);
  } else {
    out_ << "\r\x1b[K" << shown;
  }
  out_.flush();
}

void ProgressBar::clear() {
  if (!visible_) return;
  out_ << "\r\x1b[K";
  out_.flush();
  visible_ = false;
}

}  // namespace rcnn::launch
