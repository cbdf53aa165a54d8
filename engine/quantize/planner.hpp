// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/quantize/histogram.hpp"
#include "engine/quantize/layer_methods.hpp"

namespace rcnn::engine {

/// Makes plans for a model in f32 of what calibration saw. In int8, layers leave it for bf16; in bf16, where
/// histograms count for nothing, they leave their quickest method for a more careful one.
///
/// Thread safety: reentrant; const methods thread-safe.
class Planner {
 public:
  /// Values whose histograms it wants: everything that some plan holds in 8 bits.
  static std::set<std::string> values_of_interest(const CompiledModel& model);

  ///   model         borrowed
  ///   range_method  a name of range_methods()
  ///   methods       what each layer is computed by, by weight; those it lacks are direct
  /// \throws SettingError for an unknown method, ModelError naming a value that was infinite or no number.
  Planner(const CompiledModel& model, std::map<std::string, Histogram> histograms,
          const std::string& range_method, const LayerMethods& methods = {});
  /// In bf16.
  ///   methods, careful  of all layers (choose_methods())
  Planner(const CompiledModel& model, const LayerMethods& methods, const LayerMethods& careful);

  /// Weights of a program's layers that can run in int8: there is such an operator, and calibration met what
  /// they read. Those that rounding harms most come first. In bf16, those whose methods differ, in the
  /// program's order until rank() is told better.
  const std::vector<std::string>& candidates(std::size_t program) const { return candidates_.at(program); }
  /// \param harm  of each candidate, as they are now; the largest comes first
  void rank(std::size_t program, const std::vector<double>& harm);

  /// One program as planned, but for its first `kept` candidates, which are exact (in bf16, careful); all
  /// other layers exact.
  Quantization trial(std::size_t program, std::size_t kept) const;
  /// In bf16: one program as planned with one candidate by its quickest method, all others careful; all other
  /// programs' layers exact.
  Quantization trial_of(std::size_t program, std::size_t candidate) const;
  /// All programs in int8, but for the first `kept[program]` candidates of each; layers that stay out of it
  /// are in bf16 (in bf16, careful). A layer that several programs have stays out if one of them needs it to.
  Quantization plan(const std::vector<std::size_t>& kept) const;

 private:
  /// \param out   weights of candidates that stay out of int8
  /// \param rest  precision of all that do
  Quantization make(const std::set<std::string>& out, const char* rest) const;
  Quantization make_bf16(const std::set<std::string>& out) const;
  /// With the program's candidates `out` left out, and other programs exact.
  Quantization trial_without(std::size_t program, std::set<std::string> out) const;
  void add_steps(Quantization& plan) const;

  const CompiledModel& model_;
  bool bf16_ = false;
  LayerMethods careful_;
  std::map<std::string, ActivationStep> steps_;       ///< By value met
  std::map<std::string, LayerPrecision> layers_;      ///< By weight, all in int8 that can be
  std::vector<std::vector<std::string>> candidates_;  ///< By program
};

/// The fewest layers to keep out of int8 so that the error is within the budget; all where it never is. The
/// error is taken to shrink with their number, so that it is asked for a few numbers only.
///   error  of a program with so many of its candidates kept out
/// Thread safety: reentrant.
std::size_t find_kept(std::size_t candidates, double budget, const std::function<double(std::size_t)>& error);

}  // namespace rcnn::engine
