// SPDX-License-Identifier: MIT
// What the kernels compute is tested where operators run them (pointwise_bf16_conv2d_test.cpp); here, what
// they may touch.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <vector>

#include "engine/ops/pointwise/bf16.hpp"
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

TEST(PointwiseBf16Kernels, TouchNothingBeyondMapsAndBias) {
  if (!can_run_bf16()) GTEST_SKIP() << "this processor has no AVX-512 BF16";
  for (const std::size_t out : {std::size_t{16}, std::size_t{80}, std::size_t{128}}) {
    for (const bool sum : {false, true}) {
      constexpr std::size_t kIn = 32, kRows = 5, kColumns = 7, kCells = kRows * kColumns;
      Bf16Problem problem{.rows = kRows, .columns = kColumns, .in_channels = kIn, .out_channels = out};
      problem.source = {.image = kCells * kIn, .group = 16, .row = kColumns * kIn, .cell = kIn};
      problem.destination = {.image = kCells * out, .group = 16, .row = kColumns * out, .cell = out};
      problem.sum = sum;
      const Bf16Blocking blocking(problem);
      const Cliff source(kCells * kIn * 2), destination(kCells * out * 2), bias(out * sizeof(float));
      std::fill_n(source.as<std::uint16_t>(), kCells * kIn, to_bf16(1.F));
      std::fill_n(destination.as<std::uint16_t>(), kCells * out, to_bf16(4.F));
      std::fill_n(bias.as<float>(), out, 0.5F);
      alignas(64) std::uint16_t packed[kIn * 128];
      const std::span weights(packed, blocking.weight_count());
      pack_weights(problem, blocking, std::vector<float>(out * kIn, 0.25F), weights);
      for (std::size_t block = 0; block < blocking.blocks; ++block) {
        run_bf16(problem, blocking, block, source.as<std::uint16_t>(), packed, bias.as<float>(),
                 destination.as<std::uint16_t>(), nullptr);
      }
      const std::vector<std::uint16_t> expected(kCells * out, to_bf16(8.5F + (sum ? 4.F : 0.F)));
      EXPECT_TRUE(std::ranges::equal(std::span(destination.as<std::uint16_t>(), kCells * out), expected));
    }
  }
}

}  // namespace
}  // namespace rcnn::engine::pointwise
