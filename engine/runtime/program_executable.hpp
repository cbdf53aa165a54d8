// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/model/graph.hpp"
#include "engine/ops/ops.hpp"
#include "engine/runtime/conv2d_picks.hpp"
#include "engine/runtime/executable.hpp"

namespace rcnn::engine {

/// What a program needs to know besides its graph.
struct ProgramShapes {
  std::vector<TensorSpec> inputs;  ///< In the order of graph.inputs
  std::map<std::string, Layout>
      output_layouts;            ///< Outputs not named here stay as their operator writes them
  Conv2dPicks* picks = nullptr;  ///< Chooses convolutions' algorithms; null: all direct
  /// How layers in int8 and the values around them run; null: as all others.
  const Quantization* quantization = nullptr;
  /// Convolutions and linear layers multiply bf16, and values that they read are held so; with a quantization
  /// those alone that it leaves in bf16.
  bool bf16 = false;
  /// Outputs that are read elsewhere by whoever takes narrow values: layers of other programs, RoIAlign
  std::set<std::string> borders{};
  /// With one of the two: layers multiply, and values are held in, these types; outputs leave so, and inputs
  /// come as `inputs` says. Else values are rounded to what these could hold of them, and multiplied as f32.
  bool narrow_products = false;
};

/// Makes operators for the graph's nodes, puts reorders only between those that cannot agree on a layout,
/// lets sums happen in place where the summand dies, and plans one arena for all values that are not outputs.
/// It runs with the OpenMP team size that the calling thread has now, whichever thread runs it.
///
/// Thread safety: reentrant (PackedWeights and Conv2dPicks are thread-safe).
/// \throws ModelError, ShapeError
std::shared_ptr<const Executable> build_executable(const Graph& graph, const ProgramShapes& shapes,
                                                   PackedWeights& weights);

}  // namespace rcnn::engine
