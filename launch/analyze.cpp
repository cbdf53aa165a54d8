// SPDX-License-Identifier: MIT
// analyze: what of a network would run where, before compiling, as torch.neuron.analyze_model tells it.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/errors.hpp"
#include "engine/model/classifier.hpp"
#include "engine/model/config.hpp"
#include "engine/model/graph.hpp"
#include "launch/commands.hpp"
#include "launch/default_input.hpp"
#include "launch/image_size.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

using engine::OperatorReport;
using nlohmann::ordered_json;

struct Settings {
  std::string config;
  std::string arch;   ///< Of a classifier; one of the two is empty
  std::string input;  ///< Empty: what suits the network
  std::string image = "1280x720";
  bool operators = false;
  bool architecture = false;
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

const std::string& network_name(const Settings& settings) {
  return settings.arch.empty() ? settings.config : settings.arch;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// Kinds of operators with how many there are of each. \param supported  those that a core can run, or those
/// that it cannot; none: all
std::map<std::string, std::size_t> count_kinds(const std::vector<OperatorReport>& reports,
                                               std::optional<bool> supported = std::nullopt) {
  std::map<std::string, std::size_t> kinds;
  for (const auto& report : reports) {
    if (!supported || report.supported == *supported) ++kinds[report.op];
  }
  return kinds;
}

std::vector<std::string> names_of(const std::map<std::string, std::size_t>& kinds) {
  std::vector<std::string> names;
  for (const auto& [name, count] : kinds) names.push_back(name);
  return names;
}

/// Those of the module that analyze_model would be given: Detectron2's R-CNNs prepare their images
/// themselves, torchvision's classifiers neither do that nor rank their classes.
std::vector<OperatorReport> operators_of_module(const Settings& settings,
                                                std::vector<OperatorReport> reports) {
  if (settings.arch.empty()) return reports;
  std::erase_if(reports, [](const OperatorReport& report) {
    return report.op == to_string(engine::OpKind::kPreprocess) ||
           report.op == to_string(engine::OpKind::kTopClasses);
  });
  return reports;
}

/// The fields of Neuron's analyze_model, under its names. Its counts are of all operations and of arithmetic
/// ones: those but TorchScript's primitives (constants, lists), which these networks have none of.
ordered_json fields_of_analyze_model(const std::vector<OperatorReport>& reports) {
  const auto total = reports.size();
  const auto supported =
      static_cast<std::size_t>(std::ranges::count(reports, true, &OperatorReport::supported));
  const double percent = 100 * share(static_cast<double>(supported), static_cast<double>(total));
  return {{"percent_supported", percent},
          {"percent_supported_arithmetic", percent},
          {"supported_count", supported},
          {"total_count", total},
          {"supported_count_arithmetic", supported},
          {"total_count_arithmetic", total},
          {"supported_operators", names_of(count_kinds(reports, true))},
          {"unsupported_operators", names_of(count_kinds(reports, false))},
          {"operators", names_of(count_kinds(reports))},
          {"operator_count", count_kinds(reports)}};
}

ordered_json to_json(const Settings& settings, const std::vector<OperatorReport>& reports,
                     const Totals& totals) {
  const auto total = static_cast<double>(totals.all.count);
  auto json = fields_of_analyze_model(operators_of_module(settings, reports));
  json[settings.arch.empty() ? "config" : "arch"] = network_name(settings);
  json["input"] = settings.input;
  json["image"] = settings.image;
  if (settings.arch.empty()) json["partition"] = settings.options.partition;
  json["count_on_cores"] = totals.on_cores.count;
  json["percent_on_cores"] = 100 * share(static_cast<double>(totals.on_cores.count), total);
  json["percent_flops_on_cores"] = 100 * share(totals.on_cores.flops, totals.all.flops);
  json["flops"] = totals.all.flops;
  json["bytes"] = totals.all.bytes;
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

/// The modules as a tree: a line a module, operators with what they write. A convolution is the module that
/// its norm and activation belong to.
void print_architecture(const std::vector<OperatorReport>& reports) {
  std::vector<std::string> open;  // The modules down to the line before
  for (const auto& report : reports) {
    std::vector<std::string> path;
    std::istringstream parts(report.name);
    for (std::string part; std::getline(parts, part, '.');) path.push_back(part);
    std::size_t depth = 0;
    while (depth + 1 < path.size() && depth < open.size() && open[depth] == path[depth]) ++depth;
    for (; depth + 1 < path.size(); ++depth) {
      std::cout << std::string(2 * depth, ' ') << path[depth] << '\n';
    }
    std::cout << fmt::format("{:{}}{}: {} {}\n", "", 2 * depth, path.back(), report.op,
                             engine::to_string(report.output_shape));
    open = std::move(path);
  }
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

std::vector<OperatorReport> report(const Settings& settings, engine::Size image) {
  if (settings.arch.empty())
    return engine::analyze(engine::load_config(settings.config), settings.options, image);
  return engine::analyze(engine::classifier_config(settings.arch), settings.options, image);
}

int analyze(Settings settings) {
  if (settings.input.empty()) settings.input = default_input(settings.arch);
  settings.options.input = engine::parse_input_spec(settings.input);
  const auto reports = report(settings, parse_image_size("--image", settings.image));
  const auto totals = add_up(reports);
  if (settings.json) {
    std::cout
        << to_json(settings, reports, totals).dump(2, ' ', false, ordered_json::error_handler_t::replace)
        << '\n';
    return kDone;
  }
  if (settings.architecture) print_architecture(reports);
  if (settings.operators) print_operators(reports);
  print_totals(totals);
  return kDone;
}

}  // namespace

Command add_analyze(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app = program.add_subcommand("analyze", "Show what of a network would run where, before compiling");
  auto* network = app->add_option_group("network", "What to look at; no weights are needed; one of");
  auto* config =
      network->add_option("--config,CONFIG", settings->config, "Detector: model-zoo name or YAML file");
  network->add_option("--arch", settings->arch,
                      fmt::format("Classifier: {}", fmt::join(engine::classifier_names(), ", ")));
  network->require_option(1);
  app->add_option(
      "--input", settings->input,
      "stretch:WIDTHxHEIGHT, shortest-edge:SHORTEST:LONGEST (detectors), centre-crop:SHORTER:SIDE "
      "(classifiers). Default: what 'compile' takes");
  app->add_option("--image", settings->image, "Size of the images to come, WIDTHxHEIGHT")
      ->capture_default_str();
  app->add_option("--partition", settings->options.partition,
                  fmt::format("What runs on NeuronCores: {}", fmt::join(engine::partition_names(), ", ")))
      ->needs(config)
      ->capture_default_str();
  app->add_flag("--architecture", settings->architecture, "Print the network's modules as a tree as well");
  app->add_flag("--operators", settings->operators, "List every operator as well");
  app->add_flag("--json", settings->json, "Print everything as JSON, the list of operators included");
  return {app, [settings] { return analyze(*settings); }};
}

}  // namespace rcnn::launch
