// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/ops/pointwise/int8.hpp"
#include "engine/tensor/bf16.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kGuard = 64;  ///< Bytes behind the output that must stay as they are
constexpr auto kUntouched = std::byte{0xa5};

std::size_t bytes_of(Element element) {
  if (element == Element::kF32) return 4;
  return element == Element::kBf16 ? 2 : 1;
}

float read(Element element, const std::byte* from) {
  switch (element) {
    case Element::kF32: {
      float value;
      std::memcpy(&value, from, sizeof(value));
      return value;
    }
    case Element::kBf16: {
      std::uint16_t bits;
      std::memcpy(&bits, from, sizeof(bits));
      return from_bf16(bits);
    }
    case Element::kU8:
      return static_cast<float>(std::to_integer<int>(*from));
    case Element::kS8:
      return static_cast<float>(static_cast<std::int8_t>(*from));
  }
  return 0;
}

void write(Element element, float value, std::byte* to) {
  if (element == Element::kF32) {
    std::memcpy(to, &value, sizeof(value));
  } else if (element == Element::kBf16) {
    const auto bits = to_bf16(value);
    std::memcpy(to, &bits, sizeof(bits));
  } else {
    *to = static_cast<std::byte>(static_cast<int>(value));
  }
}

/// What an element can hold of a value.
float held(Element element, double value) {
  switch (element) {
    case Element::kF32:
      return static_cast<float>(value);
    case Element::kBf16:
      return nearest_bf16(static_cast<float>(value));
    case Element::kU8:
      return static_cast<float>(std::clamp(std::nearbyint(value), 0.0, 255.0));
    case Element::kS8:
      return static_cast<float>(std::clamp(std::nearbyint(value), -128.0, 127.0));
  }
  return 0;
}

Tensor aligned(std::size_t bytes) {
  return Tensor({"memory", {static_cast<std::int64_t>(bytes)}, DType::kU8, Layout::kRowMajor});
}

/// A problem with made-up values. Factors are powers of two and sums small, so that nothing but the last step
/// rounds, and the result is its definition's to the bit, ties included.
struct Twin {
  explicit Twin(const Int8Problem& of) : problem(of) {
    std::mt19937 random(7);
    const auto draw = [&](int least, int most) {
      return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
    };
    const bool is_signed = problem.source == Element::kS8;
    problem.source_pixels = {problem.pixels, 1, problem.in_channels, 0, 0};
    for (std::size_t i = 0; i < problem.pixels * problem.in_channels; ++i) {
      source.push_back(static_cast<std::byte>(is_signed ? draw(-128, 127) : draw(0, 255)));
    }
    for (std::size_t i = 0; i < problem.out_channels * problem.in_channels; ++i) {
      weights.push_back(static_cast<std::int8_t>(draw(-127, 127)));
    }
    for (std::size_t i = 0; i < problem.out_channels; ++i) {
      scales.push_back(std::ldexp(1.F, draw(-11, -6)));
      biases.push_back(static_cast<float>(draw(-40, 40)));
    }
    const bool of_signed = problem.summand != Element::kU8;
    for (std::size_t i = 0; i < problem.pixels * problem.out_channels; ++i) {
      summand.push_back(static_cast<float>(of_signed ? draw(-128, 127) : draw(0, 255)));
    }
  }

  std::vector<float> expected() const {
    std::vector<float> result;
    for (std::size_t pixel = 0; pixel < problem.pixels; ++pixel) {
      for (std::size_t o = 0; o < problem.out_channels; ++o) {
        int sum = 0;
        for (std::size_t c = 0; c < problem.in_channels; ++c) {
          sum += static_cast<int>(read(problem.source, &source[pixel * problem.in_channels + c])) *
                 weights[o * problem.in_channels + c];
        }
        double value = static_cast<double>(sum) * scales[o] + biases[o];
        if (problem.sum) value += problem.summand_scale * summand[pixel * problem.out_channels + o];
        if (problem.relu) value = std::max(value, 0.0);
        result.push_back(held(problem.destination, value));
      }
    }
    return result;
  }

  std::vector<float> found() const {
    const Int8Blocking blocking(problem);
    const auto places = blocking.panels * Int8Blocking::kPanelWidth;
    auto packed = aligned(blocking.panels * blocking.panel_weights);
    auto starts = aligned(4 * places), factors = aligned(8 * places);
    auto* begins = static_cast<std::int32_t*>(static_cast<void*>(starts.data()));
    auto* values = static_cast<float*>(static_cast<void*>(factors.data()));
    pack_weights(problem, blocking, weights.data(), reinterpret_cast<std::int8_t*>(packed.data()), begins);
    for (std::size_t place = 0; place < places; ++place) {
      const auto in_panel = place % Int8Blocking::kPanelWidth;
      const auto channel = place - in_panel + Int8Blocking::channel_at(problem.destination, in_panel);
      values[place] = channel < problem.out_channels ? scales[channel] : 0;
      values[places + place] = channel < problem.out_channels ? biases[channel] : 0;
    }
    const Int8Weights all{reinterpret_cast<const std::int8_t*>(packed.data()), begins, values,
                          values + places};
    const auto size = bytes_of(problem.destination);
    std::vector<std::byte> output(summand.size() * size + kGuard, kUntouched);
    for (std::size_t i = 0; problem.sum && i < summand.size(); ++i) {
      write(problem.summand, summand[i], &output[i * size]);
    }
    auto scratch = aligned(blocking.scratch_bytes());
    for (std::size_t block = 0; block < blocking.blocks; ++block) {
      run_int8(problem, blocking, block, source.data(), all, output.data(), scratch.data());
    }
    const auto end = output.begin() + static_cast<std::ptrdiff_t>(summand.size() * size);
    EXPECT_TRUE(std::all_of(end, output.end(), [](std::byte byte) { return byte == kUntouched; }));
    std::vector<float> result;
    for (std::size_t i = 0; i < summand.size(); ++i) {
      result.push_back(read(problem.destination, &output[i * size]));
    }
    return result;
  }

  Int8Problem problem;
  std::vector<std::byte> source;
  std::vector<std::int8_t> weights;
  std::vector<float> scales, biases, summand;
};

std::string describe(const Int8Problem& p) {
  const char* names[] = {"f32", "bf16", "u8", "s8"};
  const auto name = [&](Element element) { return std::string(names[static_cast<std::size_t>(element)]); };
  return std::to_string(p.pixels) + "x" + std::to_string(p.in_channels) + "->" +
         std::to_string(p.out_channels) + " " + name(p.source) + "->" + name(p.destination) +
         (p.sum ? " + " + name(p.summand) : "") + (p.relu ? " relu" : "");
}

class PointwiseInt8 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!can_run_int8()) GTEST_SKIP() << "this processor has no AVX-512 VNNI";
  }
  static void expect_definition(const Int8Problem& problem) {
    SCOPED_TRACE(describe(problem));
    const Twin twin(problem);
    EXPECT_EQ(twin.found(), twin.expected());
  }
};

// One pixel, part of a panel of pixels, several; blocks of pixels that differ; channels that fill part of a
// panel, or nothing of 16.
TEST_F(PointwiseInt8, IsItsDefinitionToTheBitOnAwkwardSizes) {
  const std::size_t sizes[][3] = {{1, 4, 1},     {5, 12, 16},     {6, 64, 64},    {7, 20, 48},
                                  {13, 36, 80},  {31, 8, 144},    {127, 256, 67}, {9, 1024, 130},
                                  {7, 5000, 70}, {125, 4128, 64}, {1300, 8, 64}};
  for (const auto& [pixels, in, out] : sizes) {
    for (const auto source : {Element::kU8, Element::kS8}) {
      for (const bool sum : {false, true}) {
        Int8Problem problem{.pixels = pixels, .in_channels = in, .out_channels = out, .source = source};
        problem.sum = sum;
        expect_definition(problem);
      }
    }
  }
}

TEST_F(PointwiseInt8, ReadsAndWritesAllTypes) {
  struct Types {
    Element destination, summand;
  };
  const Types types[] = {{Element::kU8, Element::kU8},   {Element::kU8, Element::kS8},
                         {Element::kS8, Element::kU8},   {Element::kS8, Element::kS8},
                         {Element::kF32, Element::kF32}, {Element::kBf16, Element::kBf16}};
  for (const auto& [destination, summand] : types) {
    for (const bool sum : {false, true}) {
      for (const bool relu : {false, true}) {
        for (const std::size_t out : {64U, 72U}) {
          Int8Problem problem{.pixels = 15, .in_channels = 24, .out_channels = out, .source = Element::kS8};
          problem.destination = destination;
          problem.summand = summand;
          problem.sum = sum;
          problem.relu = relu;
          problem.summand_scale = 0.5F;
          expect_definition(problem);
        }
      }
    }
  }
}

// What does not fit an s32, let alone 16 bits, is the most or the least all the same.
TEST_F(PointwiseInt8, SaturatesHoweverLargeTheValue) {
  for (const auto destination : {Element::kU8, Element::kS8}) {
    Int8Problem problem{.pixels = 6, .in_channels = 64, .out_channels = 64};
    problem.destination = destination;
    Twin twin(problem);
    for (float& scale : twin.scales) scale = 1e6F;
    EXPECT_EQ(twin.found(), twin.expected());
  }
}

}  // namespace
}  // namespace rcnn::engine::pointwise
