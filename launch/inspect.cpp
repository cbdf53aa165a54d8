// SPDX-License-Identifier: MIT
// inspect: what is in an artifact, with every tensor's checksum verified.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/compile/artifact.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "launch/commands.hpp"
#include "launch/model_summary.hpp"
#include "launch/quantization_table.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::ordered_json;

struct Settings {
  std::filesystem::path artifact;
  bool tensors = false;
  bool quantization = false;
  bool json = false;
};

/// \throws engine::ModelError naming the first damaged tensor.
void verify(const engine::Artifact& artifact) {
  for (const auto& [name, tensor] : artifact.tensors()) {
    if (tensor.held) artifact.weight(name);
  }
  artifact.release_values();
}

std::string text_in(const nlohmann::json& metadata, const char* key) {
  const auto value = metadata.find(key);
  if (value == metadata.end()) return "not recorded";
  return value->is_string() ? value->get<std::string>() : value->dump();
}

ordered_json describe(const engine::Artifact& artifact, const ModelSummary& summary) {
  auto json = to_json(summary);
  json["file"] = artifact.file().string();
  json["bytes"] = artifact.bytes();
  json["producer"] = text_in(artifact.metadata(), "producer");
  if (artifact.is_classifier()) {
    json["class_names"] = artifact.classifier().class_names;
    json["classifier"] = nlohmann::json(artifact.classifier());
  } else {
    const auto& config = artifact.config();
    json["score_threshold"] = config.box_head.score_threshold;
    json["nms_threshold"] = config.box_head.nms_threshold;
    json["max_detections"] = config.box_head.max_detections;
    json["class_names"] = config.class_names;
    json["category_ids"] = config.category_ids;
    json["config"] = nlohmann::json(config);
  }
  auto tensors = ordered_json::array();
  for (const auto& [name, tensor] : artifact.tensors()) {
    tensors.push_back({{"name", name},
                       {"shape", tensor.shape},
                       {"dtype", engine::to_string(tensor.dtype)},
                       {"bytes", tensor.bytes},
                       {"held", tensor.held}});
  }
  json["tensors"] = std::move(tensors);
  if (artifact.quantization()) json["quantization"] = nlohmann::json(*artifact.quantization());
  json["checksums"] = "ok";
  return json;
}

std::string classes_in_words(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "class" : "classes");
}

std::string network_in_words(const engine::Artifact& artifact) {
  if (artifact.is_classifier()) {
    return fmt::format("classifier, {}", classes_in_words(artifact.classifier().class_names.size()));
  }
  const auto& config = artifact.config();
  const auto& resnet = config.resnet;
  return fmt::format(
      "ResNet-{}{} + FPN {}, {}", resnet.depth,
      resnet.num_groups == 1 ? ""
                             : fmt::format(" ({} groups of {})", resnet.num_groups, resnet.width_per_group),
      config.fpn.out_channels, classes_in_words(static_cast<std::uint64_t>(config.box_head.num_classes)));
}

void add_detector_facts(const engine::ModelConfig& config, Table& facts) {
  if (config.mask_on) {
    const int side = 2 * config.mask_head.pooler_resolution;
    facts.add({"masks", fmt::format("{}x{}{}", side, side,
                                    config.mask_head.class_agnostic ? ", one for all classes" : "")});
  }
  if (config.keypoint_on) {
    const auto& head = config.keypoint_head;
    facts.add({"keypoints", fmt::format("{}, from {}x{}", head.num_keypoints, 4 * head.pooler_resolution,
                                        4 * head.pooler_resolution)});
  }
  facts.add({"score threshold", fmt::format("{:g}", config.box_head.score_threshold)});
  facts.add({"NMS threshold", fmt::format("{:g}", config.box_head.nms_threshold)});
  facts.add({"proposals", config.load_proposals
                              ? fmt::format("given with each image, the best {}", config.precomputed_topk)
                              : fmt::format("the RPN's, the best {}, NMS threshold {:g}",
                                            config.rpn.post_nms_topk, config.rpn.nms_threshold)});
  facts.add({"detections", fmt::format("at most {} a frame", config.box_head.max_detections)});
}

std::string weights_in_words(const engine::Artifact& artifact) {
  const auto held = artifact.held_programs();
  if (held.size() == artifact.programs().size()) return "of all programs";
  if (held.empty()) return "missing; 'neuron-rcnn compile --bind' gives it some";
  return fmt::format("of {} alone; those of the others are in files of their own", fmt::join(held, ", "));
}

void print_facts(const engine::Artifact& artifact, const ModelSummary& summary) {
  const bool classifier = artifact.is_classifier();
  Table facts({"artifact", artifact.file().string()});
  facts.add({"model", summary.model});
  facts.add({"network", network_in_words(artifact)});
  facts.add(
      {"input", fmt::format("{}, {}", summary.input, classifier ? "RGB" : artifact.config().input.format)});
  facts.add({"precision", summary.precision});
  facts.add({"partition", summary.partition});
  facts.add({"batch", std::to_string(summary.batch)});
  facts.add({"on the host", fmt::format("{}", fmt::join(summary.host_operators, ", "))});
  if (!classifier) add_detector_facts(artifact.config(), facts);
  facts.add({"parameters", format_count(summary.parameters)});
  facts.add({"size", format_bytes(static_cast<double>(artifact.bytes()))});
  facts.add({"producer", text_in(artifact.metadata(), "producer")});
  facts.add({"weights", weights_in_words(artifact)});
  const auto tensors = artifact.tensors();
  const auto held =
      std::count_if(tensors.begin(), tensors.end(), [](const auto& row) { return row.second.held; });
  facts.add({"checksums", fmt::format("ok, {}", plural(static_cast<std::uint64_t>(held), "tensor"))});
  facts.print(std::cout);
}

void print_tensors(const engine::Artifact& artifact) {
  Table table({"tensor", "shape", "type", "size>"});
  for (const auto& [name, tensor] : artifact.tensors()) {
    table.add({name, engine::to_string(tensor.shape), engine::to_string(tensor.dtype),
               format_bytes(static_cast<double>(tensor.bytes))});
  }
  table.print(std::cout);
}

int inspect(const Settings& settings) {
  const auto artifact = engine::Artifact::open(settings.artifact);
  if (settings.quantization && !artifact->quantization()) {
    throw engine::SettingError(
        fmt::format("'{}' is of precision {} and has no quantization; 'neuron-rcnn compile --precision int8' "
                    "or bf16 makes one",
                    settings.artifact.string(), artifact->options().precision));
  }
  verify(*artifact);
  const auto summary = summarize_model(*artifact);
  if (settings.json) {
    std::cout << describe(*artifact, summary).dump(2, ' ', false, ordered_json::error_handler_t::replace)
              << '\n';
    return kDone;
  }
  print_facts(*artifact, summary);
  std::cout << '\n';
  print_programs(summary, std::cout);
  if (settings.tensors) {
    std::cout << '\n';
    print_tensors(*artifact);
  }
  if (settings.quantization) {
    std::cout << '\n';
    print_quantization(*artifact, std::cout);
  }
  const auto& names =
      artifact->is_classifier() ? artifact->classifier().class_names : artifact->config().class_names;
  std::cout << fmt::format("\nclasses: {}\n", fmt::join(names, ", "));
  return kDone;
}

}  // namespace

Command add_inspect(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app = program.add_subcommand("inspect", "Show what is in an artifact and verify its checksums");
  app->add_option("-m,--model,MODEL", settings->artifact,
                  "Artifact made by 'neuron-rcnn compile', named with or without -m")
      ->required();
  app->add_flag("--tensors", settings->tensors, "List every tensor as well");
  app->add_flag(
      "--quantization", settings->quantization,
      "List every layer of an artifact in bf16 or int8: its precision and method, why, and what rounding "
      "does to it");
  app->add_flag("--json", settings->json, "Print everything as JSON, tensors and config included");
  return {app, [settings] { return inspect(*settings); }};
}

}  // namespace rcnn::launch
