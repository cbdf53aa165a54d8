// SPDX-License-Identifier: MIT
#include "engine/compile/partition.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "engine/errors.hpp"
#include "engine/model/graph_shapes.hpp"

namespace rcnn::engine {
namespace {

const std::string kBackbone = "backbone.";
const std::string kRpnHead = "proposal_generator.rpn_head.";

std::vector<Partition::ProgramRow> with_heads(std::vector<Partition::ProgramRow> rows, bool on_core) {
  rows.push_back({"box-head", {"roi_heads.box_head.", "roi_heads.box_predictor."}, on_core});
  rows.push_back({"mask-head", {"roi_heads.mask_head."}, on_core});
  rows.push_back({"keypoint-head", {"roi_heads.keypoint_head."}, on_core});
  return rows;
}

/// The RPN head reads each level by itself: a program a level, so that several cores can share one frame's.
std::vector<Partition::ProgramRow> backbone_and_rpn_levels() {
  std::vector<Partition::ProgramRow> rows{{"backbone", {kBackbone}}};
  for (const std::string level : {"p2", "p3", "p4", "p5", "p6"}) {
    rows.push_back({"rpn-head-" + level, {kRpnHead}, true, "." + level});
  }
  return rows;
}

/// The cuts there are: nothing on cores, the steps in which "Running R-CNNs on Inf1" moves a network onto
/// them, and the last of these with the RPN head's levels apart. Further ones are further rows.
const std::vector<Partition>& table() {
  static const std::vector<Partition> rows{
      {"host", with_heads({{"backbone-rpn", {kBackbone, kRpnHead}, false}}, false)},
      {"backbone", with_heads({{"backbone", {kBackbone}}, {"rpn-head", {kRpnHead}, false}}, false)},
      {"backbone+rpn-head", with_heads({{"backbone", {kBackbone}}, {"rpn-head", {kRpnHead}}}, false)},
      {"fused", with_heads({{"backbone-rpn", {kBackbone, kRpnHead}}}, false)},
      {"fused+box-head", with_heads({{"backbone-rpn", {kBackbone, kRpnHead}}}, true)},
      {"rpn-levels+box-head", with_heads(backbone_and_rpn_levels(), true)},
  };
  return rows;
}

/// The program that has the operator; null for host operators and what the partition forgets.
const Partition::ProgramRow* find_row(const Partition& partition, const Node& node) {
  if (!runs_on_core(node.kind)) return nullptr;
  for (const auto& row : partition.programs) {
    if (!node.name.ends_with(row.level)) continue;
    for (const auto& prefix : row.modules) {
      if (node.name.starts_with(prefix)) return &row;
    }
  }
  return nullptr;
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

bool runs_on_core(const Partition& partition, const std::string& program) {
  const auto row = std::find_if(partition.programs.begin(), partition.programs.end(),
                                [&](const auto& candidate) { return candidate.name == program; });
  if (row == partition.programs.end()) {
    throw ModelError("partition '" + partition.name + "' has no program '" + program + "'");
  }
  return row->on_core;
}

std::string place(const Partition& partition, const Node& node) {
  const auto* row = find_row(partition, node);
  return row != nullptr && row->on_core ? row->name : "host";
}

void cut(const Graph& network, const Partition& partition, std::vector<Program>& programs,
         std::vector<Node>& host) {
  for (const auto& row : partition.programs) {
    const auto is_in = [&](const Node& node) { return find_row(partition, node) == &row; };
    if (std::none_of(network.nodes.begin(), network.nodes.end(), is_in)) continue;  // No mask head
    Program program{{}, row.on_core};
    program.graph.name = row.name;
    std::copy_if(network.nodes.begin(), network.nodes.end(), std::back_inserter(program.graph.nodes), is_in);
    programs.push_back(std::move(program));
  }
  for (const auto& node : network.nodes) {
    if (find_row(partition, node) != nullptr) continue;
    if (runs_on_core(node.kind)) {
      throw ModelError("partition '" + partition.name + "' has no program for '" + node.name + "' (" +
                       to_string(node.kind) + ")");
    }
    host.push_back(node);
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
