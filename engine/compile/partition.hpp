// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"

namespace rcnn::engine {

/// One way to cut the network: which modules, or levels of them, make up which program, and where each runs.
/// Host operators belong to none.
struct Partition {
  struct ProgramRow {
    std::string name;
    std::vector<std::string> modules;  ///< Module path prefixes; networks without any have no such program
    bool on_core = true;               ///< Else on the host, by the same operators
    std::string level{};  ///< ".p2": of those modules' operators the ones of this FPN level; "": all
  };
  std::string name;
  std::vector<ProgramRow> programs;
};

/// Borrowed, for good. Thread safety: thread-safe. \throws SettingError naming those there are.
const Partition& find_partition(const std::string& name);

/// A classifier's one program, "classifier". Borrowed, for good. Thread safety: thread-safe.
const Partition& classifier_partition();

/// Whether the program of this name runs on a core. Thread safety: reentrant, as all below. \throws
/// ModelError if the partition has none of this name.
bool runs_on_core(const Partition& partition, const std::string& program);

/// Program on a core that runs the operator, or "host".
std::string place(const Partition& partition, const Node& node);

/// Cuts the (fused) network. A program's outputs are the network's outputs that it writes, in the network's
/// order, then whatever else is read outside of it. `programs` and `host` come empty. \throws ModelError if
/// an operator that only programs can run is in none.
void cut(const Graph& network, const Partition& partition, std::vector<Program>& programs,
         std::vector<Node>& host);

/// Drops the weights that no operator names any more, so that an artifact holds exactly what its programs
/// read. \throws std::out_of_range if one that they name is missing
void keep_named(const std::vector<Program>& programs, std::map<std::string, CheckpointTensor>& weights);

}  // namespace rcnn::engine
