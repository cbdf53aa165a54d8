// SPDX-License-Identifier: MIT
#include "engine/ops/window.hpp"

#include "engine/ops/onednn.hpp"

namespace rcnn::engine {

Shape window_weight(const Conv2dParams& params, std::int64_t in_channels) {
  if (params.groups == 1) return {params.out_channels, in_channels, params.kernel, params.kernel};
  return {params.groups, params.out_channels / params.groups, in_channels / params.groups, params.kernel,
          params.kernel};
}

Shape window_output(const Conv2dParams& params, const Shape& source) {
  if (source.size() != 4 || source[1] % params.groups != 0 || params.out_channels % params.groups != 0) {
    throw ShapeError("convolution '" + params.name + "' cannot take " + to_string(source) + " in " +
                     std::to_string(params.groups) + " groups");
  }
  Shape shape{source[0], params.out_channels};
  for (const std::size_t axis : {2U, 3U}) {
    const auto span = source[axis] + 2 * params.padding - params.kernel;
    if (span < 0) {
      throw ShapeError("convolution '" + params.name + "' has a window larger than its input " +
                       to_string(source));
    }
    shape.push_back(span / params.stride + 1);
  }
  return shape;
}

Format plain_weight(const Conv2dParams& params, std::int64_t in_channels) {
  return onednn::format(
      {window_weight(params, in_channels), dnnl::memory::data_type::f32,
       params.groups == 1 ? dnnl::memory::format_tag::abcd : dnnl::memory::format_tag::abcde});
}

}  // namespace rcnn::engine
