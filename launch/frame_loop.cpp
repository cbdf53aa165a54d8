// SPDX-License-Identifier: MIT
#include "launch/frame_loop.hpp"

#include <cstddef>
#include <exception>
#include <optional>
#include <random>
#include <utility>

#include "launch/image_file.hpp"
#include "pipeline/frame.hpp"
#include "pipeline/stage_graph.hpp"

namespace rcnn::launch {
namespace {

class PicturePayload final : public pipeline::Payload {
 public:
  explicit PicturePayload(const Picture& picture) : picture_(picture) {}
  std::optional<engine::ImageView> pixels() override { return picture_.view(); }

 private:
  const Picture& picture_;
};

/// The six stages, and the frames in them.
class Frames {
 public:
  Frames(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture, int in_flight)
      : session_(session), picture_(picture), in_flight_(in_flight), pool_(in_flight) {}

  /// Sends so many frames through, and `more` behind them. \param left  called with each but those, in order
  void run(int frames, int more, const std::function<void(const pipeline::Item&)>& left) {
    int pushed = 0;
    for (int popped = 0; popped < frames + more; ++popped) {
      for (; pushed < frames + more && pushed - popped < in_flight_; ++pushed) push();
      const auto item = graph_.pop();
      if (item->error) std::rethrow_exception(item->error);
      if (popped < frames) left(*item);
      graph_.popped();
    }
  }

 private:
  void push() {
    auto item = std::make_unique<pipeline::Item>();
    item->payload = std::make_unique<PicturePayload>(picture_);
    item->frame = pool_.acquire();
    item->frame->session = session_;
    graph_.push(std::move(item));
  }

  const std::shared_ptr<const pipeline::Session>& session_;
  const Picture& picture_;
  const int in_flight_;
  pipeline::FramePool pool_;
  pipeline::StageGraph graph_{{.max_items = in_flight_ + 1}};
};

}  // namespace

Picture::Picture(engine::Size size)
    : size_(size), bytes_(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3) {
  std::mt19937 random(1);
  for (auto& byte : bytes_) byte = static_cast<std::uint8_t>(random());
}

Picture::Picture(const std::filesystem::path& file) {
  const auto image = read_image(file);
  size_ = {image.cols, image.rows};
  const auto row_bytes = static_cast<std::size_t>(image.cols) * 3;
  bytes_.reserve(row_bytes * static_cast<std::size_t>(image.rows));
  for (int y = 0; y < image.rows; ++y) {
    const auto* row = image.ptr<std::uint8_t>(y);
    bytes_.insert(bytes_.end(), row, row + row_bytes);
  }
}

engine::ImageView Picture::view() const {
  return {bytes_.data(), size_.width, size_.height, std::ptrdiff_t{3} * size_.width,
          engine::PixelFormat::kBgr};
}

LoopResult run_frames(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                      int in_flight, TimedLoop loop, const std::function<void(int)>& ended, bool company) {
  int count = 0;
  Frames frames(session, picture, in_flight);
  frames.run(loop.iterations(), company ? in_flight - 1 : 0, [&](const pipeline::Item& item) {
    loop.ended(TimedLoop::Clock::now() - item.entered);
    if (ended) ended(++count);
  });
  return loop.result();
}

LoopResult run_batches(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                       int batch, int in_flight, TimedLoop loop) {
  Frames frames(session, picture, in_flight);
  for (int i = 0; i < loop.iterations(); ++i) {
    const auto began = TimedLoop::Clock::now();
    frames.run(batch, 0, [](const pipeline::Item&) {});
    loop.ended(TimedLoop::Clock::now() - began);
  }
  return loop.result();
}

}  // namespace rcnn::launch
