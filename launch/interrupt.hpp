// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace rcnn::launch {

/// While it lives, the first Ctrl-C is only remembered, so that a recording can be ended well; a second one
/// ends the process as ever. One at a time in a process.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;

 private:
  struct sigaction before_ {};
};

}  // namespace rcnn::launch
