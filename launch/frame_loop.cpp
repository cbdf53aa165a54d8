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
                      int in_flight, TimedLoop loop, const std::function<void(int)>& ended) {
  pipeline::FramePool pool(in_flight);
  pipeline::StageGraph graph({.max_items = in_flight + 1});
  int pushed = 0;
  for (int popped = 0; popped < loop.iterations(); ++popped) {
    for (; pushed < loop.iterations() && pushed - popped < in_flight; ++pushed) {
      auto item = std::make_unique<pipeline::Item>();
      item->payload = std::make_unique<PicturePayload>(picture);
      item->frame = pool.acquire();
      item->frame->session = session;
      graph.push(std::move(item));
    }
    const auto item = graph.pop();
    if (item->error) std::rethrow_exception(item->error);
    loop.ended(TimedLoop::Clock::now() - item->entered);
    graph.popped();
    if (ended) ended(popped + 1);
  }
  return loop.result();
}

}  // namespace rcnn::launch
