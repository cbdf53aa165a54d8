// SPDX-License-Identifier: MIT
#include <utility>

#include "engine/compile/compiler.hpp"
#include "engine/compile/kernel_rounding.hpp"
#include "engine/compile/partition.hpp"
#include "engine/compile/passes.hpp"
#include "engine/compile/precision.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {

void check_classifier_input(const CompileOptions& options) {
  if (options.input.mode != InputSpec::Mode::kShortestEdge) return;
  throw SettingError("input '" + to_string(options.input) +
                     "' is for detectors; a classifier accepts centre-crop:SHORTER:SIDE and "
                     "stretch:WIDTHxHEIGHT, each with :bicubic or without");
}

CompiledModel compile_classifier(const ClassifierConfig& config, const Checkpoint& checkpoint,
                                 const CompileOptions& options, const Progress& progress) {
  constexpr int kSteps = 4;
  int done = 0;
  const auto step = [&](const std::string& what) {
    if (progress) progress(done, kSteps, what);
    ++done;
  };
  check_shared_options(options);
  check_classifier_input(options);
  step("building the network");
  auto network = build_classifier(config);
  step("checking the weights");
  auto weights = classifier_parameters(network, config, checkpoint);
  step("folding batch norms and fusing operators");
  fold_batch_norms(network, weights);
  fuse(network);
  CompiledModel model{config, options, {}, {}, {}};
  model.options.partition = classifier_partition().name;
  cut(network, classifier_partition(), model.programs, model.host_nodes);
  keep_named(model.programs, weights);
  round_weights(weights, options.precision, rectified_weights(model.programs));
  model.weights = std::move(weights);
  model.checkpoint_checksum = checkpoint.checksum;
  step("compiled");
  return model;
}

}  // namespace rcnn::engine
