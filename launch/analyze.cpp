// SPDX-License-Identifier: MIT
// analyze: what of a network would run where, before compiling, as torch.neuron.analyze_model tells it.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/errors.hpp"
#include "engine/model/config.hpp"
#include "launch/commands.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

using engine::OperatorReport;
using nlohmann::ordered_json;

struct Settings {
  std::string config;
  std::string input = "stretch:800x800";
  std::string image = "1280x720";
  bool operators = false;
  bool json = false;
  engine::CompileOptions options;
};

struct Sum {
  std::size_t count = 0;
  double flops = 0;
  double bytes = 0;
  void add(const OperatorReport& report) {
    ++count;
    flops += report.flops;
    bytes += report.bytes;
  }
};

struct Totals {
  Sum all;
  Sum on_cores;
  std::map<std::string, Sum> by_place;
  std::map<std::pair<std::string, std::string>, Sum> by_kind;   ///< Place, operator
  std::map<std::string, std::vector<std::string>> unsupported;  ///< Operator, module paths
};

Totals add_up(const std::vector<OperatorReport>& reports) {
  Totals totals;
  for (const auto& report : reports) {
    totals.all.add(report);
    if (report.where != "host") totals.on_cores.add(report);
    totals.by_place[report.where].add(report);
    totals.by_kind[{report.where, report.op}].add(report);
    if (!report.supported) totals.unsupported[report.op].push_back(report.name);
  }
  return totals;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// \throws engine::SettingError
engine::Size parse_image_size(const std::string& text) {
  static const std::regex kPattern("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})");
  std::smatch parts;
  if (!std::regex_match(text, parts, kPattern)) {
    throw engine::SettingError(
        fmt::format("--image '{}' is no size: give WIDTHxHEIGHT in pixels, such as 1280x720", text));
  }
  return {std::stoi(parts[1]), std::stoi(parts[2])};
}

ordered_json to_json(const Settings& settings, const std::vector<OperatorReport>& reports,
                     const Totals& totals) {
  ordered_json json{{"config", settings.config},
                    {"input", settings.input},
                    {"image", settings.image},
                    {"partition", settings.options.partition},
                    {"operators", totals.all.count},
                    {"operators_on_cores", totals.on_cores.count},
                    {"percent_operators_on_cores", 100 * share(static_cast<double>(totals.on_cores.count),
                                                               static_cast<double>(totals.all.count))},
                    {"percent_flops_on_cores", 100 * share(totals.on_cores.flops, totals.all.flops)},
                    {"flops", totals.all.flops},
                    {"bytes", totals.all.bytes}};
  json["counts"] = ordered_json::array();
  for (const auto& [key, sum] : totals.by_kind) {
    json["counts"].push_back({{"where", key.first},
                              {"op", key.second},
                              {"count", sum.count},
                              {"flops", sum.flops},
                              {"bytes", sum.bytes}});
  }
  json["unsupported"] = totals.unsupported;
  json["list"] = ordered_json::array();
  for (const auto& report : reports) {
    json["list"].push_back({{"name", report.name},
                            {"op", report.op},
                            {"where", report.where},
                            {"supported", report.supported},
                            {"output_shape", report.output_shape},
                            {"flops", report.flops},
                            {"bytes", report.bytes}});
  }
  return json;
}

void print_operators(const std::vector<OperatorReport>& reports) {
  Table table({"operator", "kind", "where", "output", "FLOP>", "bytes>"});
  for (const auto& report : reports) {
    table.add({report.name, report.op, report.where, engine::to_string(report.output_shape),
               format_count(report.flops), format_bytes(report.bytes)});
  }
  table.print(std::cout);
  std::cout << '\n';
}

void print_totals(const Totals& totals) {
  Table kinds({"where", "operator", "count>", "FLOP>", "bytes>"});
  for (const auto& [key, sum] : totals.by_kind) {
    kinds.add(
        {key.first, key.second, std::to_string(sum.count), format_count(sum.flops), format_bytes(sum.bytes)});
  }
  kinds.print(std::cout);
  std::cout << '\n';
  Table places({"where", "operators>", "FLOP>", "share>", "bytes>"});
  for (const auto& [place, sum] : totals.by_place) {
    places.add({place, std::to_string(sum.count), format_count(sum.flops),
                format_percent(share(sum.flops, totals.all.flops)), format_bytes(sum.bytes)});
  }
  places.print(std::cout);
  std::cout << fmt::format("\n{} of {} operators on NeuronCores ({}), with {} of all FLOP\n",
                           totals.on_cores.count, totals.all.count,
                           format_percent(share(static_cast<double>(totals.on_cores.count),
                                                static_cast<double>(totals.all.count))),
                           format_percent(share(totals.on_cores.flops, totals.all.flops)));
  if (totals.unsupported.empty()) return;
  std::cout << "Not supported on a core, run on the host:\n";
  for (const auto& [op, names] : totals.unsupported) {
    std::cout << fmt::format("  {}: {}\n", op, fmt::join(names, ", "));
  }
}

int analyze(Settings settings) {
  settings.options.input = engine::parse_input_spec(settings.input);
  const auto image = parse_image_size(settings.image);
  const auto reports = engine::analyze(engine::load_config(settings.config), settings.options, image);
  const auto totals = add_up(reports);
  if (settings.json) {
    std::cout
        << to_json(settings, reports, totals).dump(2, ' ', false, ordered_json::error_handler_t::replace)
        << '\n';
    return kDone;
  }
  if (settings.operators) print_operators(reports);
  print_totals(totals);
  return kDone;
}

}  // namespace

Command add_analyze(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app = program.add_subcommand("analyze", "Show what of a network would run where, before compiling");
  app->add_option("--config,CONFIG", settings->config, "Model-zoo name or YAML file; no weights are needed")
      ->required();
  app->add_option("--input", settings->input, "stretch:WIDTHxHEIGHT or shortest-edge:SHORTEST:LONGEST")
      ->capture_default_str();
  app->add_option("--image", settings->image, "Size of the images to come, WIDTHxHEIGHT")
      ->capture_default_str();
  app->add_option("--partition", settings->options.partition,
                  fmt::format("What runs on NeuronCores: {}", fmt::join(engine::partition_names(), ", ")))
      ->capture_default_str();
  app->add_flag("--operators", settings->operators, "List every operator as well");
  app->add_flag("--json", settings->json, "Print everything as JSON, the list of operators included");
  return {app, [settings] { return analyze(*settings); }};
}

}  // namespace rcnn::launch
