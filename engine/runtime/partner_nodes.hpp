// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "engine/model/graph.hpp"

namespace rcnn::engine {

/// A node that might be computed together with a convolution before it.
struct Partner {
  enum class Kind : std::uint8_t {
    kHead,    ///< Another convolution that reads the same
    kPooling  ///< The largest of 3x3 cells, stride 2, padding 1, of what nobody else reads
  };
  Kind kind;
  std::size_t node;  ///< Its index
};

/// Those of a convolution without a sum, at `index` of the graph; none of other nodes. Whether some operator
/// computes both is another question. Thread safety: reentrant.
std::vector<Partner> find_partners(const Graph& graph, std::size_t index);

}  // namespace rcnn::engine
