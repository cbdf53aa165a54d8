// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <set>
#include <string>

#include "engine/runtime/program_executable.hpp"
#include "engine/tensor/activation_step.hpp"

namespace rcnn::engine {

/// How the values of a program are held where its products are narrow, or what they are rounded to where that
/// is emulated, for all of their readers alike:
///
///   u8, s8  where a layer in int8 reads it, in the steps of the plan
///   bf16    else where a layer in bf16 does, or writes it for any other
///   f32     else, and always where neither has anything to do with it
///
/// Readers in other programs count as well, and whoever is named in ProgramShapes::borders beside them takes
/// a value as narrow as it comes; so a value has one type on both sides of a border, however programs are
/// cut. Only what an exact layer writes (f32 in the plan: calibration's trials have such) leaves its program
/// as f32.
///
/// Thread safety: const methods are thread-safe.
class ValueTypes {
 public:
  /// Borrows the quantization.
  ValueTypes(const Graph& graph, const ProgramShapes& shapes);

  /// Of a value that is held in 8 bits.
  std::optional<ActivationStep> step_of(const std::string& value) const;
  bool is_bf16(const std::string& value) const { return bf16_.contains(value); }
  /// Whether a node is a layer that is to multiply this type.
  bool multiplies_int8(const Node& node) const;
  bool multiplies_bf16(const Node& node) const;
  /// The same tensor in the type and step that its value is held in; f32 stays what it is.
  TensorSpec held(TensorSpec spec) const;

 private:
  /// Whether the layer behind a value is exact.
  bool is_exact(const Graph& graph, const std::string& value) const;
  void find_8_bits(const Graph& graph, const std::set<std::string>& borders);
  void find_bf16(const Graph& graph, const std::set<std::string>& borders);

  const Quantization* quantization_;
  bool has_bf16_;
  std::set<std::string> eight_bits_;
  std::set<std::string> bf16_;
};

/// Whether it is a layer: a convolution or linear. Thread safety: reentrant, as the next.
bool multiplies(OpKind kind);
/// Whether it computes in the type of its inputs.
bool keeps_type(OpKind kind);

}  // namespace rcnn::engine
