// SPDX-License-Identifier: MIT
#include "launch/program.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <opencv2/core/utils/logger.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/errors.hpp"
#include "launch/commands.hpp"
#include "launch/diagnostics.hpp"
#include "launch/video_pipeline.hpp"

namespace rcnn::launch {
namespace {

constexpr const char* kDescription =
    "Detectron2's Fast, Faster, Mask and Keypoint R-CNN as a GStreamer pipeline on CPUs.\n"
    "  neuron-rcnn compile --config COCO-Detection/faster_rcnn_R_50_FPN_3x --weights model_final.pkl -o "
    "model.rcnn\n"
    "  neuron-rcnn detect -m model.rcnn photo.jpg";

/// stdout carries results only.
void send_logs_to_stderr() {
  if (spdlog::get("neuron-rcnn") == nullptr) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("neuron-rcnn"));
    spdlog::set_pattern("neuron-rcnn: %l: %v");
    spdlog::set_level(spdlog::level::warn);
  }
  // What OpenCV would say about an unreadable file, the program says in one line.
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
}

std::string used_command(const CLI::App& program) {
  for (const auto* command : program.get_subcommands()) return "neuron-rcnn " + command->get_name();
  return "neuron-rcnn";
}

int refuse(const CLI::App& program, const std::string& why) {
  print_error(fmt::format("{}; see {} --help", why, used_command(program)));
  return kWrongUse;
}

/// What was taken for an option and is none, be it meant as one or as a file's name; empty: there is none.
std::string unknown_option(const CLI::App& program) {
  for (const auto& word : program.remaining(true)) {
    if (word.starts_with('-')) return word;
  }
  return {};
}

int explain(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
    const auto unknown = unknown_option(program);
    if (unknown.empty()) return refuse(program, error.what());
    return refuse(program, fmt::format("'{0}' is no option; a file of that name is ./{0}", unknown));
  }
  program.exit(error);  // --help and --version: on stdout.
  std::cout.flush();
  if (std::cout.good()) return kDone;
  print_error(kNoStandardOutput);
  return kFailed;
}

/// What is amiss with the command itself, which CLI11 does not name; empty: nothing.
std::string wrong_command(const std::vector<Command>& commands, int argc, const char* const* argv) {
  std::vector<std::string> known;
  for (const auto& command : commands) known.push_back(command.app->get_name());
  const std::string given = argc > 1 ? argv[1] : "";
  if (given.starts_with('-') || std::ranges::count(known, given) > 0) return {};
  return fmt::format("{}; give {}",
                     argc > 1 ? fmt::format("'{}' is no command", given) : "No command is given",
                     fmt::join(known, ", "));
}

std::string about_empty(const std::string& option) {
  return fmt::format("{} is given an empty value: is a shell variable not set? Give one, or leave it out",
                     option);
}

/// "--json=", for which CLI11 would take the next argument, whatever that is meant for; empty: there is none.
std::string cut_off_option(int argc, const char* const* argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1)
      return std::string(argument.substr(0, argument.size() - 1));
  }
  return {};
}

/// An option whose value is empty, as that of a shell variable that is not set; null: there is none.
/// NeuronCores that nobody names are all of them.
const CLI::Option* empty_option(const CLI::App& command) {
  const auto is_empty = [](const CLI::Option* option) {
    return option->get_name() != "--cores" && std::ranges::count(option->results(), "") > 0;
  };
  const auto options = command.get_options();
  if (const auto found = std::ranges::find_if(options, is_empty); found != options.end()) return *found;
  for (const auto* group : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (const auto* found = empty_option(*group)) return found;
  }
  return nullptr;
}

int guarded_run(const Command& command) {
  try {
    const int code = command.run();
    std::cout.flush();
    if (!std::cout.good()) throw engine::Error(kNoStandardOutput);
    return code;
  } catch (const engine::SettingError& error) {
    print_error(error.what());
    return kWrongUse;
  } catch (const std::exception& error) {
    print_error(error.what());
    return kFailed;
  }
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  send_logs_to_stderr();
  CLI::App program(kDescription, "neuron-rcnn");
  program.set_version_flag("--version", "neuron-rcnn " RCNN_VERSION, "Print the version");
  program.require_subcommand(1);
  program.get_formatter()->column_width(34);
  const std::vector<Command> commands{add_compile(program), add_detect(program),  add_classify(program),
                                      add_inspect(program), add_analyze(program), add_bench(program),
                                      add_profile(program), add_doctor(program),  add_ls(program),
                                      add_top(program)};
  if (const auto wrong = wrong_command(commands, argc, argv); !wrong.empty()) return refuse(program, wrong);
  if (const auto option = cut_off_option(argc, argv); !option.empty())
    return refuse(program, about_empty(option));
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(program, error);
  }
  for (const auto& command : commands) {
    if (!command.app->parsed()) continue;
    if (const auto* option = empty_option(*command.app)) {
      return refuse(program, about_empty(option->get_name()));
    }
    const int code = guarded_run(command);
    // Whoever is left running would wait for, or use, what an ordinary exit destroys. All files are closed.
    if (is_pipeline_abandoned()) std::_Exit(code);
    return code;
  }
  return kWrongUse;
}

}  // namespace rcnn::launch
