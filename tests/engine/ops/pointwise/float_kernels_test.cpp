// SPDX-License-Identifier: MIT
// What the kernels compute is tested where operators run them (pointwise_float_conv2d_test.cpp); here, what
// they may touch.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "engine/ops/pointwise/floats.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::pointwise {
namespace {

/// Memory that ends where reading is not allowed.
class Cliff {
 public:
  explicit Cliff(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    room_ = (bytes + page - 1) / page * page;
    pages_ = ::mmap(nullptr, room_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(pages_, MAP_FAILED);
    EXPECT_EQ(::mprotect(static_cast<std::byte*>(pages_) + room_, page, PROT_NONE), 0);
    mapped_ = room_ + page;
    first_ = static_cast<std::byte*>(pages_) + room_ - bytes;
  }
  ~Cliff() { ::munmap(pages_, mapped_); }
  Cliff(const Cliff&) = delete;
  Cliff& operator=(const Cliff&) = delete;
  template <typename T>
  T* as() const {
    return static_cast<T*>(static_cast<void*>(first_));
  }

 private:
  void* pages_ = nullptr;
  std::size_t room_ = 0, mapped_ = 0;
  std::byte* first_ = nullptr;
};

template <typename T>
void expect_nothing_beyond(Element element, std::size_t out, bool sum, const std::function<T(float)>& to) {
  constexpr std::size_t kIn = 32, kRows = 5, kColumns = 7, kCells = kRows * kColumns;
  FloatProblem problem{.rows = kRows, .columns = kColumns, .in_channels = kIn, .out_channels = out};
  problem.source = {.image = kCells * kIn, .group = 16, .row = kColumns * kIn, .cell = kIn};
  problem.destination = {.image = kCells * out, .group = 16, .row = kColumns * out, .cell = out};
  problem.element = element;
  problem.sum = sum;
  const FloatBlocking blocking(problem);
  const Cliff source(kCells * kIn * sizeof(T)), destination(kCells * out * sizeof(T)),
      bias(out * sizeof(float)), packed(blocking.weight_count() * sizeof(T));
  std::fill_n(source.as<T>(), kCells * kIn, to(1.F));
  std::fill_n(destination.as<T>(), kCells * out, to(4.F));
  std::fill_n(bias.as<float>(), out, 0.5F);
  pack_weights(problem, blocking, std::vector<float>(out * kIn, 0.25F), packed.as<T>());
  for (std::size_t block = 0; block < blocking.blocks; ++block) {
    run_floats(problem, blocking, block,
               {source.as<T>(), packed.as<T>(), bias.as<float>(), destination.as<T>(), nullptr});
  }
  const std::vector<T> expected(kCells * out, to(8.5F + (sum ? 4.F : 0.F)));
  EXPECT_TRUE(std::ranges::equal(std::span(destination.as<T>(), kCells * out), expected));
}

TEST(PointwiseFloatKernels, TouchNothingBeyondMapsWeightsAndBias) {
  for (const std::size_t out : {16, 80, 128}) {
    for (const bool sum : {false, true}) {
      if (can_run_floats(Element::kBf16))
        expect_nothing_beyond<std::uint16_t>(Element::kBf16, out, sum, to_bf16);
      if (can_run_floats(Element::kF32))
        expect_nothing_beyond<float>(Element::kF32, out, sum, [](float value) { return value; });
    }
  }
  if (!can_run_floats(Element::kF32)) GTEST_SKIP() << "this processor has no AVX-512";
}

}  // namespace
}  // namespace rcnn::engine::pointwise
