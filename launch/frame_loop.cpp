// SPDX-License-Identifier: MIT
#include "launch/frame_loop.hpp"

#include <cstddef>
#include <exception>
#include <limits>
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

  /// Sends frames through until `left`, called with each in order, wants no more; those that are under way
  /// then come out unseen.
  void run(const std::function<bool(const pipeline::Item&)>& left,
           int most = std::numeric_limits<int>::max()) {
    int pushed = 0, popped = 0;
    for (bool more = true; more || popped < pushed; ++popped) {
      for (; more && pushed < most && pushed - popped < in_flight_; ++pushed) push();
      const auto item = graph_.pop();
      if (item->error) std::rethrow_exception(item->error);
      if (more) more = left(*item);
      graph_.popped();
    }
  }

  /// Sends so many frames through, with nothing behind them.
  void run(int count, const std::function<void()>& left) {
    int ended = 0;
    run([&](const pipeline::Item&) { return left(), ++ended < count; }, count);
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

void run_frames(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                int in_flight, int count, const std::function<void(int)>& ended) {
  int seen = 0;
  Frames(session, picture, in_flight).run(count, [&] { ended(++seen); });
}

LoopResult run_stream(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                      int in_flight, TimedLoop loop) {
  Frames(session, picture, in_flight).run([&](const pipeline::Item& item) {
    loop.ended(TimedLoop::Clock::now() - item.entered);
    return !loop.done();
  });
  return loop.result();
}

LoopResult run_batches(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                       int batch, int in_flight, TimedLoop loop) {
  Frames frames(session, picture, in_flight);
  while (!loop.done()) {
    const auto began = TimedLoop::Clock::now();
    frames.run(batch, [] {});
    loop.ended(TimedLoop::Clock::now() - began);
  }
  return loop.result();
}

}  // namespace rcnn::launch
