// SPDX-License-Identifier: MIT
#include "launch/interrupt.hpp"

namespace rcnn::launch {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void remember(int) { interrupted = 1; }

}  // namespace

Interrupt::Interrupt() {
  interrupted = 0;
  struct sigaction action {};
  action.sa_handler = remember;
  sigemptyset(&action.sa_mask);
  // RESETHAND: the second Ctrl-C finds the usual behaviour. RESTART: no system call of a library is cut
  // short.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, &before_);
}

Interrupt::~Interrupt() { sigaction(SIGINT, &before_, nullptr); }

bool Interrupt::requested() const { return interrupted != 0; }

}  // namespace rcnn::launch
