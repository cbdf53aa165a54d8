// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/runtime/partner_nodes.hpp"
#include "engine/runtime/program_executable.hpp"
#include "engine/runtime/value_types.hpp"

namespace rcnn::engine {

/// The kind of a step that brings a value into another format.
inline constexpr const char* kReorder = "Reorder";

/// Memory that holds one value, or several in turn where an operator works in place.
struct Storage {
  enum class Place : std::uint8_t { kInput, kOutput, kArena };
  Place place = Place::kArena;
  std::size_t index = 0;  ///< Of the program's inputs or outputs
  std::size_t bytes = 0;
  int first = 0;  ///< Steps between which it is needed
  int last = 0;
  std::size_t offset = 0;  ///< In the arena, once planned
};

/// One operator with the storages it works on.
struct Step {
  std::unique_ptr<Operator> op;
  std::string kind;  ///< "Conv2d", "Reorder"
  std::vector<std::size_t> inputs;
  std::vector<std::size_t> outputs;
  std::vector<std::string>
      values;  ///< Of the graph, that the outputs are then; "" where they are not yet, or of reorders
  std::size_t scratch = 0;
};

/// Turns a graph into steps. Used once; borrows what it is given. Thread safety: thread-bound.
class ProgramBuilder {
 public:
  ProgramBuilder(const Graph& graph, const ProgramShapes& shapes, PackedWeights& weights);
  void build();

  std::vector<Step> steps;
  std::vector<Storage> storages;
  std::vector<TensorSpec> outputs;
  std::size_t arena_bytes = 0;

 private:
  struct Value {
    Format format;
    std::size_t storage = 0;
  };

  void count_uses();
  void add_node(const Node& node, int index);
  /// Adds a convolution and another node as one operator, where there is one that computes both.
  bool add_joined(const Node& node, std::size_t index);
  /// That operator; null where there is none, or none for the types that values have here.
  std::unique_ptr<Operator> make_joined(const Node& node, const Partner& partner) const;
  std::unique_ptr<Operator> make_heads(const Node& first, const Node& second) const;
  /// What the step writes there, in `format`, has this name from now on.
  void publish(const std::string& name, const Format& format, std::size_t step, std::size_t output);
  std::unique_ptr<Operator> make_operator(const Node& node);
  std::unique_ptr<Operator> make_convolution(const Node& node);
  /// What the plan has the node's layer computed by; none without a plan, or for exact layers.
  std::optional<Conv2dAlgorithm> planned_algorithm(const Node& node) const;
  /// That, where it can be; else the quickest.
  Conv2dAlgorithm algorithm_of(const Node& node, const Conv2dParams& params, const Format& source,
                               const Format* summand) const;
  /// Null where the node does not run on 8-bit values.
  std::unique_ptr<Operator> make_quantized(const Node& node);
  std::unique_ptr<Operator> make_quantized_convolution(const Node& node);
  QuantizedParams quantized_params(const Node& node) const;
  /// Whether a layer in bf16 reads values in 8 bits as they are, or writes such: Winograd's method can.
  bool borders_on_8_bits(const Node& node) const;
  std::optional<ActivationStep> step_of(const std::string& value) const { return types_.step_of(value); }
  bool is_int8(const Node& node) const;
  /// What the node reads and computes in, 8 bits aside.
  DType type_of(const Node& node) const;
  /// What a convolution or linear layer writes.
  DType result_of(const Node& node) const;
  /// How an input lies; of the type that the node reads, whatever it is now.
  Format source_of(const Node& node, std::size_t input) const;
  /// From one format and type to another.
  std::unique_ptr<Operator> make_reorder_of(const std::string& value, const char* suffix, const Format& from,
                                            const Format& to) const;
  /// The input in the wanted format; a reorder is added if it lies otherwise.
  Value brought_to(const std::string& name, const Format& wanted);
  /// A storage that holds the value and may be overwritten after this node: its own if it dies here, else a
  /// copy.
  std::size_t surrendered(const std::string& name, const Format& wanted, int node);
  std::size_t new_storage(std::size_t bytes);
  void add_step(std::string kind, std::unique_ptr<Operator> op, std::vector<std::size_t> inputs,
                std::vector<std::size_t> results);
  bool is_rounded(const std::string& name) const;
  /// Rounds a value where it lies, or a copy of the program's input, if the quantization says so.
  void round(const std::string& name);
  void round_input(const std::string& name);
  /// Whether a layer in bf16 reads what lies on 8 bits' steps as bf16, rounded once more.
  bool is_rounded_for(const Node& node, std::size_t input) const;
  /// A copy in the wanted format that is rounded to bf16.
  std::size_t rounded_copy(const std::string& name, const Format& wanted);
  void round_to_bf16(const std::string& name, const Format& format, std::size_t storage);
  void finish_output(const std::string& name, std::size_t index);
  void plan();

  const Graph& graph_;
  const ProgramShapes& shapes_;
  PackedWeights& weights_;
  const ValueTypes types_;
  std::map<std::string, Value> values_;
  std::map<std::string, std::vector<Value>> reordered_;  ///< Copies of values in further formats
  std::map<std::string, std::vector<Value>> rounded_copies_;
  std::set<std::size_t> computed_;       ///< Nodes that another's operator computes as well
  std::map<std::string, int> last_use_;  ///< Node that reads a value last
  std::map<std::string, std::size_t> output_index_;
};

}  // namespace rcnn::engine
