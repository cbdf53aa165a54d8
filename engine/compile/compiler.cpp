// SPDX-License-Identifier: MIT
#include "engine/compile/compiler.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "engine/compile/kernel_rounding.hpp"
#include "engine/compile/partition.hpp"
#include "engine/compile/passes.hpp"
#include "engine/compile/precision.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr int kSteps = 5;

void check_options(const CompileOptions& options) {
  check_shared_options(options);
  if (options.input.mode == InputSpec::Mode::kCentreCrop ||
      options.input.interpolation != Interpolation::kBilinear) {
    throw SettingError(
        "input '" + to_string(options.input) +
        "' is for classifiers; a detector accepts stretch:WIDTHxHEIGHT and shortest-edge:SHORTEST:LONGEST, "
        "resized bilinearly as Detectron2 does");
  }
}

}  // namespace

CompiledModel compile(const ModelConfig& config, const Checkpoint& checkpoint, const CompileOptions& options,
                      const Progress& progress) {
  int done = 0;
  const auto step = [&](const std::string& what) {
    if (progress) progress(done, kSteps, what);
    ++done;
  };
  check_options(options);
  const auto& partition = find_partition(options.partition);

  step("building the network");
  auto network = build_network(config);
  step("checking the weights");
  auto weights = select_parameters(checkpoint, network_parameters(network, config), config);
  step("folding batch norms");
  fold_batch_norms(network, weights);
  permute_pooled_columns(network, weights, config.fpn.out_channels);
  lower_transposed_convolutions(network, weights);
  step("fusing operators");
  const auto before = network.nodes.size();
  fuse(network);
  spdlog::debug("compile: {} operators after folding, {} after fusing", before, network.nodes.size());
  step("cutting into programs");
  CompiledModel model{config, options, {}, {}, {}};
  cut(network, partition, model.programs, model.host_nodes);
  keep_named(model.programs, weights);
  round_weights(weights, options.precision, rectified_weights(model.programs));
  model.weights = std::move(weights);
  model.checkpoint_checksum = checkpoint.checksum;
  step("compiled");
  return model;
}

}  // namespace rcnn::engine
