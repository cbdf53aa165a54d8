// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/image/resize.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/classifier.hpp"
#include "engine/model/config.hpp"
#include "engine/model/graph.hpp"
#include "engine/tensor/activation_step.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// Sides, in pixels, that an InputSpec may have: from one cell of the coarsest level that a convolution
/// writes (p5) on.
inline constexpr int kLeastSide = 32;
inline constexpr int kMostSide = 4096;

/// How a frame becomes the network's input.
struct InputSpec {
  enum class Mode : std::uint8_t {
    kStretch,
    kShortestEdge,
    kCentreCrop  ///< Classifiers: the shorter side to `shortest`, then the middle width x height
  };
  Mode mode = Mode::kStretch;
  int width = 800;  ///< Of the network's input: kStretch, kCentreCrop
  int height = 800;
  int shortest = 800;                                      ///< kShortestEdge, kCentreCrop
  int longest = 1333;                                      ///< kShortestEdge
  Interpolation interpolation = Interpolation::kBilinear;  ///< Bicubic: classifiers only
  bool operator==(const InputSpec&) const = default;
};

/// "stretch:800x800" (WIDTHxHEIGHT), "shortest-edge:800:1333" or "centre-crop:256:224" (shorter side, side of
/// the square kept); ":bicubic" after the first and the last resizes so. \throws SettingError saying what is
/// accepted.
InputSpec parse_input_spec(const std::string& text);
std::string to_string(const InputSpec& spec);
/// Size of the network's input (before padding to a multiple of 32), pixels. \throws ShapeError for a picture
/// without pixels (kShortestEdge)
Size network_size(const InputSpec& spec, Size image);

struct CompileOptions {
  InputSpec input{};
  std::string partition = "fused+box-head";  ///< A name of partition_names()
  std::string precision = "f32";             ///< A name of precision_names(); sums are f32
  int batch = 1;
};

/// LayerPrecision::reason of a layer that no calibration image reached, such as a mask head's where nothing
/// was found.
inline constexpr const char* kNotReached = "not reached by calibration";

/// How a layer, the operators that read one weight, multiplies.
struct LayerPrecision {
  /// What the values are held in that it reads: "int8"; of those that stay out of it "bf16", "f32" while
  /// others are tried. Directly it multiplies the same; by Winograd's method always bf16, and so its weights
  /// are stored.
  std::string precision = "int8";
  std::string method = "direct";  ///< A name of methods(), which are Conv2dAlgorithm's
  std::string reason;             ///< Why it stays out of it; "" of those in int8
  std::string program;            ///< Whose layer it is
  /// What rounding adds, over what is rounded; both root mean squares. Of what is read: the worst of its
  /// nodes'
  double weight_error = 0;
  double input_error = 0;
  bool operator==(const LayerPrecision&) const = default;
};

/// The plan of a model in bf16 or int8: how each layer multiplies. `engine/README.md` says how it is found.
/// What calibration found is of int8, and of bf16 where images were given.
struct Quantization {
  bool measured = false;  ///< Methods are the quickest that were measured where it was compiled; else by rule
  std::string range_method;                           ///< A name of range_methods()
  int images = 0;                                     ///< That the ranges are of
  std::string images_checksum;                        ///< Of their names and contents; "" where not recorded
  int search_images = 0;                              ///< That the errors are of
  double budget = 0;                                  ///< Error that a program's outputs may have
  std::map<std::string, ActivationStep> activations;  ///< By value name
  std::map<std::string, LayerPrecision> layers;       ///< By weight name
  /// Of each program's outputs, the other programs being exact: mean absolute error over standard deviation
  std::map<std::string, double> errors;
  bool operator==(const Quantization&) const = default;
};

/// One program: a part of the network that is run in one go.
struct Program {
  Graph graph;          ///< Folded and fused; graph.name is the program's name ("backbone-rpn", "box-head")
  bool on_core = true;  ///< On a NeuronCore; else on the host, by the same operators, as the partition says
};

/// What a network is: an R-CNN or a classifier.
using NetworkConfig = std::variant<ModelConfig, ClassifierConfig>;

/// What compile() makes and an artifact holds.
struct CompiledModel {
  NetworkConfig config;
  CompileOptions options;
  std::vector<Program> programs;
  std::vector<Node> host_nodes;
  std::map<std::string, CheckpointTensor>
      weights;  ///< Folded, rounded to options.precision, portable (row-major) layout, by parameter name
  std::optional<Quantization> quantization{};  ///< There in bf16 and int8, and only there
  std::string checkpoint_checksum{};           ///< The checkpoint's
};

/// Names of the cuts (rows of the partition table, which is data).
std::vector<std::string> partition_names();

/// "f32", "bf16", "fp16", "int8". In the middle two, weights (not biases) are rounded, in bf16 as
/// kernel_rounding.hpp has it, in fp16 to the nearest, ties to even, and stored in two bytes. The last needs
/// calibration: compile in f32, then quantize().
std::vector<std::string> precision_names();

/// "direct", "F(2x2,3x3)", "F(4x4,3x3)": how a convolution is computed.
std::vector<std::string> methods();
inline constexpr const char* kDirectMethod = "direct";

/// Called on the compiling thread with (steps done, steps in all, what is being done now).
using Progress = std::function<void(int, int, const std::string&)>;

/// Builds the network, checks the weights, folds batch norms, fuses, cuts.
/// \throws ModelError, SettingError
CompiledModel compile(const ModelConfig& config, const Checkpoint& checkpoint, const CompileOptions& options,
                      const Progress& progress = {});

/// The same for a classifier: one program, "classifier", from "image" to "logits". options.partition is
/// ignored. \throws ModelError, SettingError
CompiledModel compile_classifier(const ClassifierConfig& config, const Checkpoint& checkpoint,
                                 const CompileOptions& options, const Progress& progress = {});

/// One line of `neuron-rcnn analyze`: an operator of the network before compiling.
struct OperatorReport {
  std::string name;       ///< Module path
  std::string op;         ///< "Conv2d", "MaxPool2d", ...
  std::string where;      ///< Program on a core, or "host"
  bool supported = true;  ///< Can run on a core
  Shape output_shape;
  double flops = 0;  ///< Multiply-adds count as two
  double bytes = 0;  ///< Weights + inputs + outputs, f32
};

/// What would run where, before compiling; needs no weights. Image given as it would arrive.
/// \throws SettingError (partition, input), ModelError, ShapeError
std::vector<OperatorReport> analyze(const ModelConfig& config, const CompileOptions& options, Size image);
std::vector<OperatorReport> analyze(const ClassifierConfig& config, const CompileOptions& options,
                                    Size image);  // One program, whatever options.partition says

}  // namespace rcnn::engine
