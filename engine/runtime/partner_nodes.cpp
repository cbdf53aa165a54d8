// SPDX-License-Identifier: MIT
#include "engine/runtime/partner_nodes.hpp"

#include <algorithm>

namespace rcnn::engine {
namespace {

/// Also beyond the graph.
std::ptrdiff_t count_reads(const Graph& graph, const std::string& value) {
  auto reads = std::ranges::count(graph.outputs, value);
  for (const auto& node : graph.nodes) reads += std::ranges::count(node.inputs, value);
  return reads;
}

}  // namespace

std::vector<Partner> find_partners(const Graph& graph, std::size_t index) {
  const auto& node = graph.nodes[index];
  if (node.kind != OpKind::kConv2d || node.fused_sum) return {};
  const auto& result = node.outputs.at(0);
  const bool read_once = count_reads(graph, result) == 1;
  std::vector<Partner> partners;
  for (std::size_t i = index + 1; i < graph.nodes.size(); ++i) {
    const auto& other = graph.nodes[i];
    if (other.kind == OpKind::kConv2d && !other.fused_sum && other.inputs == node.inputs) {
      partners.push_back({Partner::Kind::kHead, i});
    }
    if (!read_once || other.inputs.at(0) != result) continue;
    if (other.kind == OpKind::kMaxPool2d && other.kernel == 3 && other.stride == 2 && other.padding == 1) {
      partners.push_back({Partner::Kind::kPooling, i});
    }
  }
  return partners;
}

}  // namespace rcnn::engine
