// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/ops/format.hpp"

namespace rcnn::engine {

/// Looks at what programs read and compute while they run: calibration learns the ranges of values in this
/// way, and what holding them in 8 bits does. At most one is installed in the process; without, the price is
/// the asking of a flag per program.
///
/// Thread safety: implementations must be thread-safe; a Run is one thread's.
class ActivationTap {
 public:
  /// One run of a program on one set of inputs.
  class Run {
   public:
    virtual ~Run() = default;
    /// Called for the program's inputs, in order, before its first operator, then for each value as soon as
    /// it is written, and rounded where the program rounds it. Programs whose products are narrow show only
    /// what they hold as f32: whoever looks at all emulates them.
    ///   values  f32, as `format` says; channels that pad blocks are zero, and so are pooled rows that no
    ///   region
    ///           fills
    virtual void visit(const std::string& value, const Format& format, std::span<const float> values) = 0;
  };

  virtual ~ActivationTap() = default;
  /// \returns null if runs of that program are of no interest.
  virtual std::unique_ptr<Run> begin(const std::string& program) = 0;

  static bool any() noexcept;
  /// What the installed tap begins; null without one. Its scope does not end before this run, so it is
  /// destroyed by the thread that began it.
  static std::unique_ptr<Run> begin_installed(const std::string& program);

  /// Installs a tap for a scope. Runs that began before see nothing of it; those that began in it are over at
  /// its end, which waits for them: a cancelled execution is answered while its core still computes.
  class Scope {
   public:
    explicit Scope(std::shared_ptr<ActivationTap> tap);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };
};

}  // namespace rcnn::engine
