// SPDX-License-Identifier: MIT
#include "launch/model_summary.hpp"

#include <set>

#include "engine/compile/quantization.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

double elements(const engine::Artifact::TensorInfo& tensor) {
  return static_cast<double>(engine::element_count(tensor.shape));
}

const char* where(const ModelSummary::ProgramSummary& program) { return program.on_core ? "core" : "host"; }

ModelSummary::ProgramSummary summarize_program(
    const engine::Program& compiled, const std::map<std::string, engine::Artifact::TensorInfo>& tensors) {
  const auto& graph = compiled.graph;
  ModelSummary::ProgramSummary program{graph.name, compiled.on_core, graph.nodes.size(), 0, 0};
  std::set<std::string> counted{""};  // The RPN head's weights serve every level.
  for (const auto& node : graph.nodes) {
    for (const auto& name : {node.weight, node.bias}) {
      const auto tensor = tensors.find(name);
      if (tensor == tensors.end() || !counted.insert(name).second) continue;
      program.parameters += elements(tensor->second);
      if (tensor->second.held) program.bytes += static_cast<double>(tensor->second.bytes);
    }
  }
  return program;
}

}  // namespace

ModelSummary summarize_model(const engine::Artifact& artifact) {
  const auto& options = artifact.options();
  ModelSummary summary;
  summary.model = artifact.model_name();
  summary.input = engine::to_string(options.input);
  summary.precision = options.precision;
  summary.partition = options.partition;
  summary.batch = options.batch;
  const auto tensors = artifact.tensors();
  for (const auto& [name, tensor] : tensors) {
    if (!engine::is_steps_name(name)) summary.parameters += elements(tensor);
  }
  for (const auto& program : artifact.programs()) {
    summary.programs.push_back(summarize_program(program, tensors));
  }
  for (const auto& node : artifact.host_nodes())
    summary.host_operators.push_back(engine::to_string(node.kind));
  return summary;
}

nlohmann::ordered_json to_json(const ModelSummary& summary) {
  auto programs = nlohmann::ordered_json::array();
  for (const auto& program : summary.programs) {
    programs.push_back({{"name", program.name},
                        {"where", where(program)},
                        {"operators", program.operators},
                        {"parameters", static_cast<std::uint64_t>(program.parameters)},
                        {"bytes", static_cast<std::uint64_t>(program.bytes)}});
  }
  return {{"model", summary.model},         {"input", summary.input},
          {"precision", summary.precision}, {"partition", summary.partition},
          {"batch", summary.batch},         {"programs", std::move(programs)},
          {"host", summary.host_operators}, {"parameters", static_cast<std::uint64_t>(summary.parameters)}};
}

void print_programs(const ModelSummary& summary, std::ostream& out) {
  Table table({"program", "runs on", "operators>", "parameters>", "size>"});
  for (const auto& program : summary.programs) {
    table.add({program.name, where(program), std::to_string(program.operators),
               format_count(program.parameters),
               program.bytes > 0 ? format_bytes(program.bytes) : "missing"});
  }
  table.print(out);
}

}  // namespace rcnn::launch
