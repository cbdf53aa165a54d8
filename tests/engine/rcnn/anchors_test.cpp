// SPDX-License-Identifier: MIT
#include "engine/rcnn/anchors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/anchors.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

TEST(CellAnchors, HoldAreaAndRatioAndRunSizesOutermost) {
  const std::array<float, 2> sizes{32.F, 64.F};
  const std::array<float, 3> ratios{0.5F, 1.F, 2.F};
  const auto cells = cell_anchors(sizes, ratios);
  ASSERT_EQ(cells.size(), 6U);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto size = sizes[i / 3];
    EXPECT_NEAR(cells[i].area(), size * size, size * size * 1e-6F);
    EXPECT_NEAR(cells[i].height() / cells[i].width(), ratios[i % 3], 1e-6F);
    EXPECT_EQ(cells[i].x0, -cells[i].x1);
    EXPECT_EQ(cells[i].y0, -cells[i].y1);
  }
  EXPECT_EQ(cells[1], (Box{-16, -16, 16, 16}));
}

TEST(GridAnchors, RunRowsThenColumnsThenCells) {
  const std::array<Box, 2> cells{Box{-1, -2, 1, 2}, Box{-3, -4, 3, 4}};
  const auto anchors = grid_anchors(cells, 2, 3, 8, 0.5F);
  ASSERT_EQ(anchors.size(), 12U);
  EXPECT_EQ(anchors[0], (Box{3, 2, 5, 6}));
  EXPECT_EQ(anchors[1], (Box{1, 0, 7, 8}));
  EXPECT_EQ(anchors[2], (Box{11, 2, 13, 6}));  // One cell to the right: x + 8
  EXPECT_EQ(anchors[6], (Box{3, 10, 5, 14}));  // One row down: y + 8
}

TEST(GridAnchors, EqualTheSlowTwin) {
  const std::vector<std::vector<float>> some_sizes{{32.F}, {8.F, 16.F, 511.5F}, {13.F, 127.F}};
  const std::vector<std::vector<float>> some_ratios{{1.F}, {0.5F, 1.F, 2.F}, {0.13F, 0.3F, 1.F, 7.F, 12.7F}};
  for (const auto& sizes : some_sizes) {
    for (const auto& ratios : some_ratios) {
      for (const auto& [height, width] : {std::pair{0, 5}, {1, 1}, {13, 127}, {50, 3}}) {
        for (const auto& [stride, offset] : {std::pair{4, 0.F}, {64, 0.5F}, {7, 0.3F}}) {
          const tests::SlowGrid grid{sizes, ratios, height, width, stride, offset};
          const auto anchors = grid_anchors(cell_anchors(sizes, ratios), height, width, stride, offset);
          ASSERT_EQ(anchors.size(), grid.count());
          for (std::size_t i = 0; i < anchors.size(); ++i) {
            const auto exact = tests::slow_anchor(grid, i);
            // Three f32 roundings: of the cell's corner, of the centre and of their sum.
            const double tolerance =
                1.2e-7 * (std::max(height, width) * stride + 2. * sizes.back() * std::sqrt(12.7));
            ASSERT_NEAR(anchors[i].x0, exact[0], tolerance) << i;
            ASSERT_NEAR(anchors[i].y0, exact[1], tolerance) << i;
            ASSERT_NEAR(anchors[i].x1, exact[2], tolerance) << i;
            ASSERT_NEAR(anchors[i].y1, exact[3], tolerance) << i;
          }
        }
      }
    }
  }
}

TEST(GridAnchors, RefusesStrideZero) {
  try {
    grid_anchors({}, 2, 3, 0, 0.F);
    FAIL() << "a stride of 0 was accepted";
  } catch (const ShapeError& error) {
    EXPECT_NE(std::string(error.what()).find("stride 0"), std::string::npos) << error.what();
  }
}

TEST(GridAnchors, EqualDetectron2BitForBit) {
  const auto file = tests::golden_file("stages_faster_rcnn_R_50_FPN_3x_320.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const tests::GoldenRpn rpn(golden);
  for (std::size_t i = 0; i < rpn.kNames.size(); ++i) {
    EXPECT_EQ(rpn.anchors[i], tests::to_boxes(golden.f32(std::string("anchors_") + rpn.kNames[i])))
        << rpn.kNames[i];
  }
}

}  // namespace
}  // namespace rcnn::engine
