// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"

namespace rcnn::launch {

// Thread safety: all functions are reentrant.

/// What an artifact holds, in figures: `compile` closes with it, `inspect` begins with it.
struct ModelSummary {
  struct ProgramSummary {
    std::string name;
    bool on_core = true;
    std::size_t operators = 0;
    double parameters = 0;  ///< Elements of its weights and biases, each counted once
    double bytes = 0;       ///< Of them; 0: their values are not in the artifact
  };
  std::string model;  ///< Name of the config
  std::string input;  ///< "stretch:800x800"
  std::string precision;
  std::string partition;
  int batch = 1;
  std::vector<ProgramSummary> programs;
  std::vector<std::string> host_operators;
  double parameters = 0;  ///< Of the whole artifact
};

ModelSummary summarize_model(const engine::Artifact& artifact);

/// Keys: model, input, precision, partition, batch, programs [{name, where ("core" or "host"), operators,
/// parameters, bytes}], host,
/// parameters.
nlohmann::ordered_json to_json(const ModelSummary& summary);

/// A row a program.
void print_programs(const ModelSummary& summary, std::ostream& out);

}  // namespace rcnn::launch
