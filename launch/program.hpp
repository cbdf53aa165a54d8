// SPDX-License-Identifier: MIT
#pragma once

namespace rcnn::launch {

/// Version that --version prints; the build's project version.
inline constexpr const char* kVersion = "0.1.0";

/// The neuron-rcnn program: reads the command line, runs one subcommand.
/// Results go to stdout, errors as one line to stderr.
/// \return 0 done, 1 the work failed, 2 wrong use
int run_program(int argc, const char* const* argv);

}  // namespace rcnn::launch
