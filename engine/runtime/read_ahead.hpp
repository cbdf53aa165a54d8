// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/compile/artifact.hpp"

namespace rcnn::engine {

/// Asks an artifact for values on a thread of its own, while operators that need them are being built, so
/// that they are there by then. Errors are left to the operators, which ask again. Ends, read or not, with
/// this object, which waits for the value under way. Thread safety: thread-bound.
class ReadAhead {
 public:
  /// \param names  of tensors, in the order that they are going to be asked for
  ReadAhead(std::shared_ptr<const Artifact> artifact, std::vector<std::string> names)
      : thread_([artifact = std::move(artifact), names = std::move(names)](const std::stop_token& stop) {
          try {
            for (const auto& name : names) {
              if (stop.stop_requested()) return;
              artifact->weight(name);
            }
          } catch (const std::exception&) {
          }
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace rcnn::engine
