// SPDX-License-Identifier: MIT
#pragma once

namespace rcnn::launch {

/// The neuron-rcnn program: reads the command line, runs one subcommand.
/// Results go to stdout, errors as one line to stderr. Where threads of a pipeline do not end, it ends the
/// process. Thread safety: thread-bound (the main thread): it sets up the process's log.
/// \return 0 done, 1 the work failed, 2 wrong use
int run_program(int argc, const char* const* argv);

}  // namespace rcnn::launch
