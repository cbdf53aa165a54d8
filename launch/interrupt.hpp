// SPDX-License-Identifier: MIT
#pragma once

namespace rcnn::launch {

/// While it lives, the first SIGINT (Ctrl-C), SIGTERM or SIGHUP is only remembered, so that what was begun
/// can be ended well; a second signal, of whichever kind, ends the process as ever, but for the unfinished
/// files (engine::UnfinishedFile), which it removes. Writing to a pipe that nobody reads any more fails
/// instead of ending the process. A SIGHUP that was ignored (nohup) stays so.
///
/// May be nested: inner ones see what the outermost has seen. Thread safety: made and destroyed on one
/// thread, requested() from any.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;
};

}  // namespace rcnn::launch
