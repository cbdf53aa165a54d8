// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <optional>

#include "engine/compile/passes.hpp"

namespace rcnn::engine {
namespace {

/// Who writes each value, and how often it is read (by operators or as a graph output).
class Usage {
 public:
  explicit Usage(const Graph& graph) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const auto& value : graph.nodes[i].outputs) writer_[value] = i;
      for (const auto& value : graph.nodes[i].inputs) ++reads_[value];
    }
    for (const auto& value : graph.outputs) ++reads_[value];
  }
  std::optional<std::size_t> writer(const std::string& value) const {
    const auto found = writer_.find(value);
    return found == writer_.end() ? std::nullopt : std::optional(found->second);
  }
  bool read_once(const std::string& value) const { return reads_.at(value) == 1; }

 private:
  std::map<std::string, std::size_t> writer_;
  std::map<std::string, int> reads_;
};

/// Lets `absorbing` write what `absorbed` wrote; the latter is left without outputs, to be removed.
void absorb(Node& absorbing, Node& absorbed) {
  absorbing.outputs = std::move(absorbed.outputs);
  absorbed.outputs.clear();
}

void remove_absorbed(Graph& graph) {
  std::erase_if(graph.nodes, [](const Node& node) { return node.outputs.empty(); });
}

void fuse_sums(Graph& graph) {
  const Usage usage(graph);
  for (auto& add : graph.nodes) {
    if (add.kind != OpKind::kAdd) continue;
    const auto first = usage.writer(add.inputs[0]), second = usage.writer(add.inputs[1]);
    // The convolution must run after the other operand exists, so it is the later writer that absorbs the
    // sum.
    const bool take_second = !first || (second && *second > *first);
    const auto writer = take_second ? second : first;
    if (!writer) continue;
    auto& conv = graph.nodes[*writer];
    const auto& summand = add.inputs[take_second ? 0 : 1];
    if (conv.kind != OpKind::kConv2d || conv.fused_sum || conv.activation != Activation::kNone ||
        add.inputs[0] == add.inputs[1] || !usage.read_once(conv.outputs.at(0))) {
      continue;
    }
    conv.fused_sum = true;
    conv.inputs.push_back(summand);
    absorb(conv, add);
  }
  remove_absorbed(graph);
}

Activation activation_of(OpKind kind) {
  switch (kind) {
    case OpKind::kRelu:
      return Activation::kRelu;
    case OpKind::kSilu:
      return Activation::kSilu;
    case OpKind::kSigmoid:
      return Activation::kSigmoid;
    default:
      return Activation::kNone;
  }
}

void fuse_activations(Graph& graph) {
  const Usage usage(graph);
  for (auto& next : graph.nodes) {
    const auto activation = activation_of(next.kind);
    if (activation == Activation::kNone) continue;
    const auto writer = usage.writer(next.inputs[0]);
    if (!writer || !usage.read_once(next.inputs[0])) continue;
    auto& node = graph.nodes[*writer];
    if ((node.kind != OpKind::kConv2d && node.kind != OpKind::kLinear) ||
        node.activation != Activation::kNone)
      continue;
    node.activation = activation;
    absorb(node, next);
  }
  remove_absorbed(graph);
}

}  // namespace

void fuse(Graph& network) {
  fuse_sums(network);
  fuse_activations(network);
}

}  // namespace rcnn::engine
