// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace CLI {
class App;  // Declared only: CLI11 itself costs every file that reads it six seconds of compiling.
}

namespace rcnn::launch {

inline constexpr int kDone = 0;      ///< The work is done
inline constexpr int kFailed = 1;    ///< The work failed, in whole or in part
inline constexpr int kWrongUse = 2;  ///< The command line asks for what there is not

/// What is said when results do not get out.
inline constexpr const char* kNoStandardOutput =
    "Cannot write to standard output: is the disk full, or does nobody read it any more?";

/// A subcommand: its options stand in `app`; `run` does the work once they were read and gives the exit code.
struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
};

/// Each declares one subcommand on the program, which owns it. Thread safety: thread-bound (the main thread).
/// \throws (from run) engine::Error and its kin
Command add_compile(CLI::App& program);
Command add_detect(CLI::App& program);
Command add_classify(CLI::App& program);
Command add_inspect(CLI::App& program);
Command add_analyze(CLI::App& program);
Command add_bench(CLI::App& program);
Command add_profile(CLI::App& program);
Command add_doctor(CLI::App& program);
Command add_ls(CLI::App& program);
Command add_top(CLI::App& program);

}  // namespace rcnn::launch
