// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/errors.hpp"
#include "engine/model/graph.hpp"

namespace rcnn::engine {
namespace {

OpKind parse_op(const std::string& name) {
  for (auto kind = OpKind::kConv2d;; kind = static_cast<OpKind>(static_cast<int>(kind) + 1)) {
    if (to_string(kind) == name) return kind;
    if (kind == OpKind::kKeypoints) break;
  }
  throw ModelError("unknown operator '" + name + "'; the model was made by a newer version or is damaged");
}

/// Fields that are at their default are left out, which keeps artifacts small and readable.
void put(nlohmann::json& json, const char* key, int value, int usual) {
  if (value != usual) json[key] = value;
}

}  // namespace

void to_json(nlohmann::json& json, const Node& node) {
  const Node usual;
  json = {
      {"name", node.name}, {"op", to_string(node.kind)}, {"inputs", node.inputs}, {"outputs", node.outputs}};
  if (!node.weight.empty()) json["weight"] = node.weight;
  if (!node.bias.empty()) json["bias"] = node.bias;
  put(json, "out_channels", node.out_channels, usual.out_channels);
  put(json, "kernel", node.kernel, usual.kernel);
  put(json, "stride", node.stride, usual.stride);
  put(json, "padding", node.padding, usual.padding);
  put(json, "groups", node.groups, usual.groups);
  if (node.activation != usual.activation) json["activation"] = to_string(node.activation);
  if (node.fused_sum) json["sum"] = true;
}

void from_json(const nlohmann::json& json, Node& node) {
  const Node usual;
  const auto number = [&](const char* key, int value) {
    const auto found = json.find(key);
    if (found == json.end()) return value;
    if (!found->is_number_integer() || *found < -1 || *found > 1 << 24) {
      throw ModelError(std::string("an operator's '") + key + "' is " + found->dump() +
                       "; expected is a whole number");
    }
    return found->get<int>();
  };
  node.name = json.at("name").get<std::string>();
  node.kind = parse_op(json.at("op").get<std::string>());
  node.inputs = json.at("inputs").get<std::vector<std::string>>();
  node.outputs = json.at("outputs").get<std::vector<std::string>>();
  node.weight = json.value("weight", std::string());
  node.bias = json.value("bias", std::string());
  node.out_channels = number("out_channels", usual.out_channels);
  node.kernel = number("kernel", usual.kernel);
  node.stride = number("stride", usual.stride);
  node.padding = number("padding", usual.padding);
  node.groups = number("groups", usual.groups);
  node.activation = parse_activation(json.value("activation", to_string(usual.activation)));
  node.fused_sum = json.value("sum", false);
}

void to_json(nlohmann::json& json, const Graph& graph) {
  json = {{"name", graph.name}, {"inputs", graph.inputs}, {"outputs", graph.outputs}};
  auto& nodes = json["nodes"] = nlohmann::json::array();
  for (const auto& node : graph.nodes) nodes.push_back(node);
}

void from_json(const nlohmann::json& json, Graph& graph) {
  graph.name = json.at("name").get<std::string>();
  graph.inputs = json.at("inputs").get<std::vector<std::string>>();
  graph.outputs = json.at("outputs").get<std::vector<std::string>>();
  graph.nodes.clear();
  for (const auto& node : json.at("nodes")) graph.nodes.push_back(node.get<Node>());
}

}  // namespace rcnn::engine
