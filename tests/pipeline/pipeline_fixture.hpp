// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "pipeline/session.hpp"
#include "pipeline/stage_graph.hpp"
#include "pipeline/stages.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::pipeline {

inline engine::CoreSettings cores(int count, std::vector<engine::CoreSettings::Fault> faults = {}) {
  engine::CoreSettings settings;
  for (int id = 0; id < count; ++id) settings.cores.push_back(id);
  settings.faults = std::move(faults);
  return settings;
}

/// Seeded pixels of an awkward size, rows padded.
class Picture {
 public:
  explicit Picture(std::uint32_t seed, int width = 127, int height = 93)
      : width_(width),
        height_(height),
        stride_(width * 3 + 5),
        bytes_(static_cast<std::size_t>(stride_ * height)) {
    std::mt19937 random(seed);
    for (auto& byte : bytes_) byte = static_cast<std::uint8_t>(random() >> 24);
  }
  engine::ImageView view() const {
    return {bytes_.data(), width_, height_, stride_, engine::PixelFormat::kRgb};
  }

 private:
  int width_;
  int height_;
  std::ptrdiff_t stride_;
  std::vector<std::uint8_t> bytes_;
};

/// A picture that takes its time and says when it is finished with or dropped.
class PicturePayload final : public Payload {
 public:
  explicit PicturePayload(std::uint32_t seed, std::chrono::microseconds delay = {})
      : picture_(seed), delay_(delay) {}
  std::optional<engine::ImageView> pixels() override {
    std::this_thread::sleep_for(delay_);
    return picture_.view();
  }
  void finish(const Frame& frame) override {
    if (on_finish) on_finish(frame);
  }
  std::function<void(const Frame&)> on_finish;

 private:
  const Picture picture_;
  const std::chrono::microseconds delay_;
};

/// Waits for a core stage. \throws what the stage reported
using StartStage = std::shared_ptr<engine::ExecutionTicket>(const std::shared_ptr<Frame>&, StageDone);
inline void run_on_core(StartStage* start, const std::shared_ptr<Frame>& frame) {
  auto ended = std::make_shared<std::promise<std::exception_ptr>>();
  auto future = ended->get_future();
  start(frame, [ended](std::exception_ptr error) { ended->set_value(std::move(error)); });
  if (const auto error = future.get()) std::rethrow_exception(error);
}

/// A tiny model on cores of the test's own.
class PipelineTest : public ::testing::Test {
 protected:
  void load(const engine::CoreSettings& settings, const tests::TinyModelOptions& model = {}) {
    session_.reset();
    pool_ = std::make_unique<engine::CorePool>(settings);
    SessionOptions options;
    options.model = tests::tiny_model(model);
    session_ = Session::create(options, *pool_);
  }
  std::shared_ptr<Frame> frame() const {
    auto frame = std::make_shared<Frame>();
    frame->session = session_;
    return frame;
  }
  /// A frame that has been through all stages before `next`, one after the other.
  std::shared_ptr<Frame> frame_before(StageId next, std::uint32_t seed = 1) const {
    auto made = frame();
    const Picture picture(seed);
    if (next > StageId::kPreprocess) run_preprocess(*made, picture.view());
    if (next > StageId::kBackboneRpn) run_on_core(start_backbone, made);
    if (next > StageId::kProposals) run_proposals(*made);
    if (next > StageId::kRoiAlign) run_roi_align(*made);
    if (next > StageId::kBoxHead) run_on_core(start_box_head, made);
    return made;
  }
  /// What the stages find in a picture when nothing runs beside them.
  std::vector<engine::Detection> detections_of(std::uint32_t seed) const {
    const auto made = frame_before(StageId::kPostprocess, seed);
    run_postprocess(*made, -1);
    run_on_core(start_detail_head, made);
    run_details(*made);
    return made->detections;
  }
  std::unique_ptr<Item> item(std::uint32_t seed, std::chrono::microseconds delay = {}) const {
    auto made = std::make_unique<Item>();
    made->frame = frame();
    made->payload = std::make_unique<PicturePayload>(seed, delay);
    return made;
  }

  std::unique_ptr<engine::CorePool> pool_;
  std::shared_ptr<const Session> session_;
};

/// What an error says; "" for none.
inline std::string text_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  }
  return {};
}

/// What a call refuses with; "accepted" if it does not.
template <typename Call>
std::string refusal_of(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace rcnn::pipeline
