// SPDX-License-Identifier: MIT
#include "engine/runtime/partner_nodes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Node make_node(OpKind kind, const std::string& output, std::vector<std::string> inputs) {
  Node node;
  node.name = output;
  node.kind = kind;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  return node;
}

Node make_pool(const std::string& output, const std::string& input) {
  auto pool = make_node(OpKind::kMaxPool2d, output, {input});
  pool.kernel = 3;
  pool.stride = 2;
  pool.padding = 1;
  return pool;
}

std::vector<std::string> partners(const Graph& graph, std::size_t index) {
  std::vector<std::string> names;
  for (const auto& partner : find_partners(graph, index)) {
    const char* kind = partner.kind == Partner::Kind::kHead ? "head " : "pooling ";
    names.push_back(kind + graph.nodes[partner.node].name);
  }
  return names;
}

TEST(PartnerNodes, AreConvolutionsThatReadTheSameLater) {
  auto sum = make_node(OpKind::kConv2d, "sum", {"x", "a"});
  sum.fused_sum = true;
  const Graph graph{"g",
                    {make_node(OpKind::kConv2d, "a", {"x"}), make_node(OpKind::kConv2d, "b", {"a"}),
                     make_node(OpKind::kConv2d, "c", {"x"}), sum, make_node(OpKind::kRelu, "r", {"x"})},
                    {"x"},
                    {"b", "c", "sum", "r"}};
  EXPECT_THAT(partners(graph, 0), ElementsAre("head c"));
  for (const std::size_t other : {1, 2, 3, 4}) EXPECT_THAT(partners(graph, other), IsEmpty());
}

TEST(PartnerNodes, AreThePoolingOfAStem) {
  Graph graph{"g", {make_node(OpKind::kConv2d, "a", {"x"}), make_pool("pool", "a")}, {"x"}, {"pool"}};
  EXPECT_THAT(partners(graph, 0), ElementsAre("pooling pool"));
  graph.outputs = {"pool", "a"};
  EXPECT_THAT(partners(graph, 0), IsEmpty()) << "read beyond the graph";
  graph.outputs = {"pool"};
  graph.nodes.push_back(make_node(OpKind::kRelu, "r", {"a"}));
  EXPECT_THAT(partners(graph, 0), IsEmpty()) << "read twice";
  graph.nodes.pop_back();
  graph.nodes[1].kernel = 2;
  EXPECT_THAT(partners(graph, 0), IsEmpty());
}

}  // namespace
}  // namespace rcnn::engine
