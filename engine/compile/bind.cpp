// SPDX-License-Identifier: MIT
#include "engine/compile/bind.hpp"

#include <nlohmann/json.hpp>
#include <variant>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_class_names.hpp"
#include "engine/model/graph.hpp"

namespace rcnn::engine {
namespace {

// Any that the shapes of parameters do not depend on.
constexpr std::int64_t kNominalSide = 64;

/// Zeros for all that the network needs. The passes work on weights and graph together, so there have to be
/// some; no pass decides anything by a value.
Checkpoint blank_checkpoint(std::span<const ParameterSpec> parameters) {
  Checkpoint blank;
  blank.format = "none";
  for (const auto& parameter : parameters) {
    const auto count = static_cast<std::size_t>(element_count(parameter.shape));
    blank.tensors[parameter.name] = {parameter.shape, std::make_shared<const std::vector<float>>(count)};
  }
  return blank;
}

nlohmann::json graphs_of(std::span<const Program> programs) {
  auto graphs = nlohmann::json::array();
  for (const auto& program : programs) graphs.push_back(program.graph);
  return graphs;
}

}  // namespace

CompiledModel compile_graph(const ModelConfig& config, const CompileOptions& options,
                            const Progress& progress) {
  return compile(config, blank_checkpoint(network_parameters(build_network(config), config)), options,
                 progress);
}

CompiledModel compile_graph(const ClassifierConfig& config, const CompileOptions& options,
                            const Progress& progress) {
  const auto parameters =
      network_parameters(build_classifier(config), {{"image", {1, 3, kNominalSide, kNominalSide}}}, false);
  return compile_classifier(config, blank_checkpoint(parameters), options, progress);
}

CompiledModel bind_weights(const Artifact& graph, const Checkpoint& checkpoint,
                           const std::vector<std::string>& class_names, const Progress& progress) {
  auto model = graph.is_classifier()
                   ? compile_classifier(graph.classifier(), checkpoint, graph.options(), progress)
                   : compile(graph.config(), checkpoint, graph.options(), progress);
  if (graphs_of(model.programs) != graphs_of(graph.programs())) {
    throw ModelError("artifact " + graph.file().string() +
                     " has other programs than this version of the program makes; compile it again");
  }
  std::visit(
      [&](auto& config) {
        if (!config.labelled) name_classes_by_checkpoint(class_names, checkpoint.file, config);
      },
      model.config);
  return model;
}

}  // namespace rcnn::engine
