// SPDX-License-Identifier: MIT
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "engine/model/graph.hpp"

namespace rcnn::bench {

// Thread safety: all functions are reentrant.

/// A convolution or matrix of oneDNN's, bias and ReLU fused, and how its buffers lie. Scratch is the
/// caller's.
struct LibraryLayer {
  dnnl::primitive primitive;
  dnnl::memory::desc source, weights, bias, destination, scratch;
};

/// What such a layer computes. It writes the type that it reads, and multiplies 8 bits with s8.
struct LibraryConvolution {
  engine::Shape source;   ///< [N, C, H, W]
  engine::Shape weights;  ///< [O, C, K, K], or of groups [G, O / G, C / G, K, K]
  engine::Shape output;
  int stride = 1, padding = 0;
  bool relu = false;
};

/// \param layout  of its maps: `any` is what the library likes best. \throws dnnl::error for what it has not
LibraryLayer library_convolution(const dnnl::engine& cpu, const LibraryConvolution& layer,
                                 dnnl::memory::data_type type,
                                 dnnl::memory::format_tag layout = dnnl::memory::format_tag::any);

/// A matrix over rows: source [R, C], weights [O, C], output [R, O]. In narrow types it is a 1x1 convolution
/// over the rows, which oneDNN 2.6 is quicker at.
LibraryLayer library_matrix(const dnnl::engine& cpu, const LibraryConvolution& layer,
                            dnnl::memory::data_type type);

}  // namespace rcnn::bench
