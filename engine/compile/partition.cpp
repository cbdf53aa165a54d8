// SPDX-License-Identifier: MIT
#include "engine/compile/partition.hpp"

#include <algorithm>
#include <set>

#include "engine/errors.hpp"
#include "engine/model/graph_shapes.hpp"

namespace rcnn::engine {
namespace {

/// The cuts there are. Further ones are further rows.
const std::vector<Partition>& table() {
  static const std::vector<Partition> rows{
      {"fused+box-head",
       {{"backbone-rpn", {"backbone.", "proposal_generator.rpn_head."}},
        {"box-head", {"roi_heads.box_head.", "roi_heads.box_predictor."}},
        {"mask-head", {"roi_heads.mask_head."}},
        {"keypoint-head", {"roi_heads.keypoint_head."}}}},
  };
  return rows;
}

/// Values that no node of the program writes, in the order in which they are first read.
std::vector<std::string> inputs_of(const Graph& program) {
  std::set<std::string> known;
  std::vector<std::string> inputs;
  for (const auto& node : program.nodes) {
    for (const auto& value : node.inputs) {
      if (known.insert(value).second) inputs.push_back(value);
    }
    known.insert(node.outputs.begin(), node.outputs.end());
  }
  return inputs;
}

std::vector<std::string> outputs_of(const Graph& program, const Graph& network) {
  std::set<std::string> written, inside;
  for (const auto& node : program.nodes) {
    written.insert(node.outputs.begin(), node.outputs.end());
    inside.insert(node.name);
  }
  std::vector<std::string> outputs;
  const auto add = [&](const std::string& value) {
    if (written.contains(value) && std::find(outputs.begin(), outputs.end(), value) == outputs.end()) {
      outputs.push_back(value);
    }
  };
  for (const auto& value : network.outputs) add(value);
  for (const auto& node : network.nodes) {
    if (inside.contains(node.name)) continue;
    for (const auto& value : node.inputs) add(value);
  }
  return outputs;
}

}  // namespace

std::vector<std::string> partition_names() {
  std::vector<std::string> names;
  for (const auto& row : table()) names.push_back(row.name);
  return names;
}

const Partition& find_partition(const std::string& name) {
  std::string known;
  for (const auto& row : table()) {
    if (row.name == name) return row;
    known += (known.empty() ? "" : ", ") + row.name;
  }
  throw SettingError("partition '" + name + "' is not supported; accepted: " + known);
}

const Partition& classifier_partition() {
  static const Partition partition{"classifier", {{"classifier", {""}}}};  // Every module begins like that
  return partition;
}

std::string place(const Partition& partition, const Node& node) {
  if (!runs_on_core(node.kind)) return "host";
  for (const auto& program : partition.programs) {
    for (const auto& prefix : program.modules) {
      if (node.name.starts_with(prefix)) return program.name;
    }
  }
  return "host";
}

void cut(const Graph& network, const Partition& partition, std::vector<Program>& programs,
         std::vector<Node>& host) {
  for (const auto& row : partition.programs) {
    const auto is_in = [&](const Node& node) { return place(partition, node) == row.name; };
    if (std::none_of(network.nodes.begin(), network.nodes.end(), is_in)) continue;  // No mask head
    Program program;
    program.graph.name = row.name;
    programs.push_back(std::move(program));
  }
  for (const auto& node : network.nodes) {
    const auto where = place(partition, node);
    const auto program = std::find_if(programs.begin(), programs.end(), [&](const Program& candidate) {
      return candidate.graph.name == where;
    });
    if (program != programs.end()) {
      program->graph.nodes.push_back(node);
    } else if (runs_on_core(node.kind)) {
      throw ModelError("partition '" + partition.name + "' leaves '" + node.name + "' (" +
                       to_string(node.kind) + ") to the host, which cannot run it");
    } else {
      host.push_back(node);
    }
  }
  for (auto& program : programs) {
    program.graph.inputs = inputs_of(program.graph);
    program.graph.outputs = outputs_of(program.graph, network);
  }
}

void keep_named(const std::vector<Program>& programs, std::map<std::string, CheckpointTensor>& weights) {
  std::map<std::string, CheckpointTensor> kept;
  for (const auto& program : programs) {
    for (const auto& node : program.graph.nodes) {
      for (const auto& name : {node.weight, node.bias}) {
        if (!name.empty()) kept[name] = weights.at(name);
      }
    }
  }
  weights = std::move(kept);
}

}  // namespace rcnn::engine
