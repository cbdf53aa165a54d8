// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"
#include "tests/support/elements.hpp"

namespace rcnn::pipeline {
namespace {

class PreprocessTest : public PipelineTest {
 protected:
  /// The image tensor as one call on one thread writes it.
  std::vector<float> written_at_once(const Frame& frame, const engine::ImageView& pixels) const {
    engine::Tensor input(frame.image->at(0).spec());
    engine::Resizer(frame.image_size, frame.network_size)
        .network_rows(pixels, session_->normalization(), 0, frame.geometry->padded.height, input);
    return tests::elements(input);
  }
};

TEST_F(PreprocessTest, PiecesOnManyThreadsWriteWhatOneCallWrites) {
  load(cores(1));
  for (const auto& size : {engine::Size{127, 93}, engine::Size{640, 480}, engine::Size{160, 128}}) {
    const Picture picture(3, size.width, size.height);
    const auto made = frame();
    run_preprocess(*made, picture.view());
    EXPECT_EQ(made->image_size, size);
    EXPECT_EQ(made->network_size, (engine::Size{160, 128}));
    EXPECT_EQ(tests::elements(made->image->at(0)), written_at_once(*made, picture.view()));
  }
}

// Mean and deviation are in the order of INPUT.FORMAT's channels, which is the network's. A picture of the
// network's own size is not resampled.
TEST_F(PreprocessTest, ChannelsAreNormalisedInTheConfigsOrder) {
  const Picture picture(5, 160, 128);
  const auto pixels = picture.view();
  for (const char* format : {"BGR", "RGB"}) {
    SCOPED_TRACE(format);
    tests::TinyModelOptions options;
    options.pixels = {.pixel_mean = {10, 20, 30}, .pixel_std = {2, 4, 8}, .format = format};
    load(cores(1), options);
    const auto made = frame();
    run_preprocess(*made, pixels);
    const auto values = tests::elements(made->image->at(0));
    ASSERT_EQ(values.size(), 3U * 160 * 128);
    for (const int y : {0, 77, 127}) {
      for (const int x : {0, 31, 159}) {
        for (std::size_t c = 0; c < 3; ++c) {
          const auto stored =
              static_cast<int>(std::string(format) == "RGB" ? c : 2 - c);  // The picture is R, G, B
          const float pixel = pixels.data[y * pixels.stride + 3 * x + stored];
          EXPECT_FLOAT_EQ(values[c * 128 * 160 + static_cast<std::size_t>(y * 160 + x)],
                          (pixel - options.pixels.pixel_mean[c]) / options.pixels.pixel_std[c]);
        }
      }
    }
  }
}

TEST_F(PreprocessTest, ShortestEdgeIsPaddedToTheNextMultiple) {
  tests::TinyModelOptions options;
  options.input.mode = engine::InputSpec::Mode::kShortestEdge;
  options.input.shortest = 100;
  options.input.longest = 150;
  load(cores(1), options);
  const Picture picture(4, 640, 480);
  const auto made = frame();
  run_preprocess(*made, picture.view());
  EXPECT_EQ(made->network_size, (engine::Size{133, 100}));
  EXPECT_EQ(made->geometry->padded, (engine::Size{160, 128}));
  EXPECT_EQ(tests::elements(made->image->at(0)), written_at_once(*made, picture.view()));
}

TEST_F(PreprocessTest, ClaimsItsStage) {
  load(cores(1));
  const Picture picture(1);
  const auto made = frame();
  run_preprocess(*made, picture.view());
  EXPECT_THROW(run_preprocess(*made, picture.view()), engine::Error);
}

}  // namespace
}  // namespace rcnn::pipeline
