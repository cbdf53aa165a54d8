// SPDX-License-Identifier: MIT
#include "launch/quantization_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <string>

#include "engine/compile/quantization.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

/// Where several operators read the weight, the first one's.
std::string range_in_words(const engine::Layer& layer, const engine::Quantization& quantization) {
  const auto found = quantization.activations.find(layer.inputs.front());
  if (found == quantization.activations.end()) return "";
  const auto& activation = found->second;
  return fmt::format("{:.3g}..{:.3g}", activation.step * activation.least(),
                     activation.step * activation.most());
}

void print_layers(const engine::Artifact& artifact, const engine::Quantization& quantization,
                  std::ostream& out) {
  const auto tensors = artifact.tensors();
  Table table({"layer", "program", "weight", "precision", "method", "set aside as", "reads",
               "weights' error>", "inputs' error>"});
  for (const auto& program : artifact.programs()) {
    for (const auto& layer : engine::layers_of(program.graph)) {
      const auto& planned = quantization.layers.at(layer.weight);
      const bool measured = planned.weight_error > 0 || planned.input_error > 0;
      table.add({layer.weight, program.graph.name, engine::to_string(tensors.at(layer.weight).shape),
                 planned.precision, planned.method, planned.reason, range_in_words(layer, quantization),
                 measured ? fmt::format("{:.2f} %", 100 * planned.weight_error) : "",
                 measured ? fmt::format("{:.2f} %", 100 * planned.input_error) : ""});
    }
  }
  table.print(out);
}

void print_errors(const engine::Artifact& artifact, const engine::Quantization& quantization,
                  std::ostream& out) {
  Table table({"program", "layers>", "in int8>", "by Winograd's method>", "outputs' error>"});
  for (const auto& program : artifact.programs()) {
    const auto layers = engine::layers_of(program.graph);
    std::size_t quantized = 0, winograd = 0;
    for (const auto& layer : layers) {
      const auto& planned = quantization.layers.at(layer.weight);
      quantized += planned.precision == engine::kInt8 ? 1 : 0;
      winograd += planned.method != engine::kDirectMethod ? 1 : 0;
    }
    const auto error = quantization.errors.find(program.graph.name);
    table.add(
        {program.graph.name, std::to_string(layers.size()), std::to_string(quantized),
         std::to_string(winograd),
         error == quantization.errors.end() ? "not measured" : fmt::format("{:.2f} %", 100 * error->second)});
  }
  table.print(out);
}

}  // namespace

void print_quantization(const engine::Artifact& artifact, std::ostream& out) {
  const auto& quantization = *artifact.quantization();
  print_layers(artifact, quantization, out);
  out << '\n';
  print_errors(artifact, quantization, out);
  out << "\nMethods: "
      << (quantization.measured ? "the quickest on the processor that compiled it"
                                : "by rule, for the processor that compiled it could not measure them")
      << '\n';
  if (quantization.images == 0) return;
  const auto images = plural(static_cast<std::uint64_t>(quantization.images), "image");
  if (!quantization.range_method.empty())
    out << fmt::format("Ranges by '{}' over {}\n", quantization.range_method, images);
  out << fmt::format("Errors over {} of {}, allowed {:.4g} % {}\n", quantization.search_images, images,
                     100 * quantization.budget,
                     quantization.range_method.empty() ? "more than with all layers by careful methods"
                                                       : "of the outputs' deviation");
}

}  // namespace rcnn::launch
