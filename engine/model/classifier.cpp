// SPDX-License-Identifier: MIT
#include "engine/model/classifier.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/classifier_networks.hpp"
#include "engine/model/data_files.hpp"
#include "engine/model/timm_names.hpp"

namespace rcnn::engine {
namespace {

std::vector<std::string> imagenet_names() {
  std::vector<std::string> names;
  std::istringstream text{std::string(data::imagenet_txt())};
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.front() != '#') names.push_back(line);
  }
  return names;
}

std::vector<std::string> default_names(std::size_t classes) {
  auto names = imagenet_names();
  if (names.size() == classes) return names;
  names.clear();
  for (std::size_t i = 0; i < classes; ++i) names.push_back("class " + std::to_string(i));
  return names;
}

std::size_t count_classes(const ClassifierNetwork& network, const Checkpoint& checkpoint) {
  const auto name = network.last_layer + ".weight";
  const auto found = checkpoint.tensors.find(name);
  if (found == checkpoint.tensors.end() || found->second.shape.size() != 2 || found->second.shape[0] < 1) {
    throw ModelError(checkpoint.file.string() + " is no " + network.name + " of torchvision: it has no '" +
                     name + "' with a row a class; name the architecture that it was trained with");
  }
  return static_cast<std::size_t>(found->second.shape[0]);
}

}  // namespace

std::vector<std::string> classifier_names() {
  std::vector<std::string> names;
  for (const auto& network : classifier_networks()) names.push_back(network.name);
  std::sort(names.begin(), names.end());
  return names;
}

ClassifierConfig classifier_config(const std::string& arch, const Checkpoint& checkpoint,
                                   std::vector<std::string> labels) {
  ClassifierConfig config;
  config.arch = arch;
  const auto classes = count_classes(find_classifier_network(arch), with_torchvision_names(checkpoint));
  if (!labels.empty() && labels.size() != classes) {
    throw ModelError("there are " + std::to_string(labels.size()) + " names for the " +
                     std::to_string(classes) + " classes of " + checkpoint.file.string() +
                     ": give --labels FILE with one a line, in the order of training");
  }
  config.class_names = labels.empty() ? default_names(classes) : std::move(labels);
  return config;
}

ClassifierConfig classifier_config(const std::string& arch) {
  find_classifier_network(arch);
  ClassifierConfig config;
  config.arch = arch;
  config.class_names = imagenet_names();
  return config;
}

Graph build_classifier(const ClassifierConfig& config) {
  const auto& network = find_classifier_network(config.arch);
  GraphBuilder build;
  build.host(OpKind::kPreprocess, "preprocess", {"frame"}, {"image"});
  const auto features = network.build(build, "image");
  build.linear(network.last_layer, build.global_avg_pool("avgpool", features),
               static_cast<int>(config.class_names.size()), "logits");
  build.host(OpKind::kTopClasses, "top_classes", {"logits"}, {"classes"});
  Graph graph;
  graph.name = "network";
  graph.inputs = {"frame"};
  graph.outputs = {"logits", "classes"};
  graph.nodes = build.take();
  return graph;
}

std::map<std::string, CheckpointTensor> classifier_parameters(const Graph& network,
                                                              const ClassifierConfig& config,
                                                              const Checkpoint& checkpoint) {
  constexpr std::int64_t kNominalSide = 64;  // No parameter's shape depends on the image's
  const auto parameters = network_parameters(network, {{"image", {1, 3, kNominalSide, kNominalSide}}}, false);
  const auto ignored = [](std::string_view name) { return name.ends_with("num_batches_tracked"); };
  const auto renamed = with_torchvision_names(checkpoint);
  const auto last = find_classifier_network(config.arch).last_layer + ".weight";
  const auto advice = [&](std::size_t) -> std::string {
    const auto wanted = std::ranges::find(parameters, last, &ParameterSpec::name);
    const auto found = renamed.tensors.find(last);
    if (found != renamed.tensors.end() && found->second.shape.size() == 2 &&
        found->second.shape[1] == wanted->shape[1] && found->second.shape[0] != wanted->shape[0]) {
      const auto classes = std::to_string(found->second.shape[0]);
      return "\nthe checkpoint has " + classes + " classes, the graph " + std::to_string(wanted->shape[0]) +
             ": make the graph with --labels FILE of " + classes + " names, or compile this with --arch " +
             config.arch;
    }
    return "\nname the architecture that the checkpoint was trained with; torchvision's and timm's "
           "parameter names are known";
  };
  return select_parameters(renamed, parameters, {config.arch, ignored, advice});
}

void to_json(nlohmann::json& json, const ClassifierConfig& config) {
  json = {{"arch", config.arch},
          {"pixel_mean", config.pixel_mean},
          {"pixel_std", config.pixel_std},
          {"class_names", config.class_names}};
  if (config.labelled) json["labelled"] = true;
}

void from_json(const nlohmann::json& json, ClassifierConfig& config) {
  try {
    json.at("arch").get_to(config.arch);
    json.at("pixel_mean").get_to(config.pixel_mean);
    json.at("pixel_std").get_to(config.pixel_std);
    json.at("class_names").get_to(config.class_names);
    config.labelled = json.value("labelled", false);  // Versions before did not say it
  } catch (const nlohmann::json::exception& error) {
    throw ModelError(std::string("the stored classifier is damaged: ") + error.what());
  }
  find_classifier_network(config.arch);
  const auto usable = [](float deviation) { return deviation > 0; };
  if (config.class_names.empty() || !std::all_of(config.pixel_std.begin(), config.pixel_std.end(), usable)) {
    throw ModelError("the stored classifier is damaged: it has no classes, or a pixel deviation of 0");
  }
}

}  // namespace rcnn::engine
