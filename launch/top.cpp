// SPDX-License-Identifier: MIT
// top: what the NeuronCores, programs, queues and streams of running processes are doing.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>

#include "engine/errors.hpp"
#include "launch/activity.hpp"
#include "launch/commands.hpp"
#include "launch/core_processes.hpp"
#include "launch/interrupt.hpp"
#include "launch/number_check.hpp"
#include "pipeline/process_report.hpp"
#include "pipeline/report_server.hpp"

namespace rcnn::launch {
namespace {

constexpr int kMostProcessId = 1 << 22;  // Linux's

using nlohmann::json;
using nlohmann::ordered_json;

struct Settings {
  std::optional<int> pid;
  double interval = 1;  ///< s
  bool once = false;
  bool as_json = false;
};

using Reports = std::map<int, json>;

std::string pids_of(const std::vector<CoreProcess>& processes) {
  std::string text;
  for (const auto& process : processes) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", process.pid, process.command);
  }
  return text;
}

/// Those to show. \throws engine::Error where there are none, or not the one asked for.
std::vector<CoreProcess> processes_of(const Settings& settings) {
  auto all = core_processes();
  if (!settings.pid) {
    if (all.empty()) {
      throw engine::Error(
          "No process runs NeuronCores now: start a pipeline or 'neuron-rcnn detect', then look again");
    }
    return all;
  }
  for (const auto& process : all) {
    if (process.pid == *settings.pid) return {process};
  }
  throw engine::Error(fmt::format("Process {} runs no NeuronCores; {}", *settings.pid,
                                  all.empty() ? "no process does now" : "these do: " + pids_of(all)));
}

/// Reports of those that give one; why not, of the last that does not.
Reports reports_of(const std::vector<CoreProcess>& processes, std::string& problem) {
  Reports reports;
  for (const auto& process : processes) {
    try {
      reports[process.pid] =
          json::parse(pipeline::read_report(pipeline::report_name(process.pid), process.pid));
    } catch (const std::exception& error) {
      problem = fmt::format("Process {} ({}) runs NeuronCores but does not say what they do: {}", process.pid,
                            process.command, error.what());
    }
  }
  return reports;
}

class Top {
 public:
  explicit Top(const Settings& settings) : settings_(settings), on_terminal_(isatty(STDOUT_FILENO) != 0) {}

  int run() {
    Reports before = look();
    do {
      wait();
      if (interrupt_.requested()) break;
      Reports after = look();
      if (interrupt_.requested()) break;
      show(before, after);
      before = std::move(after);
    } while (!settings_.once);
    return kDone;
  }

 private:
  Reports look() {
    processes_ = processes_of(settings_);
    problem_.clear();
    auto reports = reports_of(processes_, problem_);
    if (reports.empty() && !interrupt_.requested()) {
      throw engine::Error(problem_ + ". Is it another user's, or of another version?");
    }
    return reports;
  }

  void wait() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(settings_.interval);
    // In pieces, so that Ctrl-C is noticed.
    while (!interrupt_.requested() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(
          std::chrono::milliseconds(50), end - std::chrono::steady_clock::now()));
    }
  }

  void show(const Reports& before, const Reports& after) const {
    std::ostringstream text;
    ordered_json data = ordered_json::array();
    for (const auto& process : processes_) {
      const auto then = before.find(process.pid);
      const auto now = after.find(process.pid);
      if (then == before.end() || now == after.end()) continue;  // Just begun, or just ended.
      const Activity activity{process.pid, process.command, then->second, now->second};
      if (settings_.as_json) {
        data.push_back(to_monitor(activity));
      } else {
        text << (text.tellp() > 0 ? "\n" : "");
        print_tables(activity, text);
      }
    }
    if (settings_.as_json) {
      text << ordered_json{{"neuron_runtime_data", data}}.dump(-1, ' ', false,
                                                               ordered_json::error_handler_t::replace)
           << '\n';
    } else if (!problem_.empty()) {
      text << '\n' << problem_ << '\n';
    }
    if (on_terminal_ && !settings_.once && !settings_.as_json) {
      std::cout << "\033[H\033[2J";  // The cursor to the top, and nothing below it.
    }
    std::cout << text.str() << std::flush;
    if (!std::cout.good()) throw engine::Error(kNoStandardOutput);
  }

  const Settings settings_;
  const bool on_terminal_;
  const Interrupt interrupt_;
  std::vector<CoreProcess> processes_;
  std::string problem_;  ///< Why one of them shows nothing; empty: all do
};

}  // namespace

Command add_top(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app = program.add_subcommand(
      "top", "Show live what the NeuronCores, programs, queues and streams of running processes do");
  app->add_option("PID", settings->pid, "Of one process (default: all that run NeuronCores)")
      ->check(whole_number_between(1, kMostProcessId));
  app->add_option("--interval", settings->interval, "Seconds between two looks, 0.1..3600 (default: 1)")
      ->check(number_between(0.1, 3600))
      ->option_text("S");
  app->add_flag("--once", settings->once, "Print one interval and end");
  app->add_flag("--json", settings->as_json,
                "A JSON object a line, fields named as neuron-monitor names them");
  app->footer(
      "Ctrl-C ends it. Shown are processes of your own; root sees all. In the JSON total_latency is null, "
      "since nobody measures it with the wait for a core; device_latency has p0 and p100 alone where several "
      "cores ran something (each core's percentiles are in 'programs'); failures are 'generic', their causes "
      "are not told apart; and 0 is what emulated cores do not meet or look for: errors of memory, numbers, "
      "input and queueing.");
  return {app, [settings] { return Top(*settings).run(); }};
}

}  // namespace rcnn::launch
