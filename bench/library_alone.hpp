// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "engine/image/resize.hpp"
#include "engine/model/graph_shapes.hpp"
#include "engine/runtime/loaded_model.hpp"

namespace rcnn::bench {

/// Of the values of each program of a model whose work is the same whatever a picture shows; `regions`: rows
/// of the box head. Costs nothing beside a frame. \throws engine::ModelError naming a program whose work
/// depends on the picture: heads of masks and keypoints.
std::vector<engine::ValueShapes> program_shapes(const engine::Artifact& artifact, engine::Size padded,
                                                int regions);

/// What a model's convolutions and matrices cost when oneDNN runs nothing but them: the floor below which no
/// pipeline on this library's direct convolutions can come. Every layer in the type that it multiplies here
/// and in the layout that the library likes best, bias and ReLU fused, results of the type that is read,
/// buffers shared by all layers, nothing in between.
///
/// Thread safety: thread-bound; it starts threads of its own.
class LibraryAlone {
 public:
  /// `shapes`: program_shapes() of the artifact. `replicas`: copies that run at once, one thread each.
  LibraryAlone(const engine::Artifact& artifact, const std::vector<engine::ValueShapes>& shapes,
               int replicas);
  ~LibraryAlone();

  /// Runs every layer once in each replica at the same time. \returns milliseconds per frame: wall /
  /// replicas.
  double pass_ms();
  /// Multiply-adds (counted as two) of one pass of one replica.
  double flops() const;

 private:
  struct Replica;
  std::vector<std::unique_ptr<Replica>> replicas_;
  double flops_ = 0;
};

}  // namespace rcnn::bench
