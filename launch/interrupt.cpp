// SPDX-License-Identifier: MIT
#include "launch/interrupt.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

#include "engine/files/unfinished_files.hpp"

namespace rcnn::launch {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "signal handlers may not wait");
int nested = 0;
std::array<struct sigaction, kSignals.size()> before{};
struct sigaction pipe_before {};

/// As the signal would have ended the process without a handler, which a shell can tell from an exit code.
void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);  // It is blocked while its handler runs.
  std::raise(signal);
}

/// The first of them is remembered, the second one ends the process, whichever it is.
void handle(int signal) {
  if (!interrupted.exchange(true)) return;
  engine::remove_unfinished_files();
  end_by(signal);
}

}  // namespace

Interrupt::Interrupt() {
  if (nested++ > 0) return;
  interrupted = false;
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, &pipe_before);
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;  // No system call of a library is cut short.
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &action, &before[i]);
    if (kSignals[i] == SIGHUP && before[i].sa_handler == SIG_IGN) sigaction(SIGHUP, &before[i], nullptr);
  }
}

Interrupt::~Interrupt() {
  if (--nested > 0) return;
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
  sigaction(SIGPIPE, &pipe_before, nullptr);
}

bool Interrupt::requested() const { return interrupted; }

}  // namespace rcnn::launch
