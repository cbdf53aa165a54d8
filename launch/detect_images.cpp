// SPDX-License-Identifier: MIT
#include "launch/detect_images.hpp"

#include <spdlog/fmt/fmt.h>

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "elements/painter.hpp"
#include "engine/errors.hpp"
#include "launch/display.hpp"
#include "launch/image_file.hpp"
#include "launch/interrupt.hpp"
#include "launch/raw_results.hpp"
#include "pipeline/frame.hpp"
#include "pipeline/process_report.hpp"
#include "pipeline/stage_graph.hpp"

namespace rcnn::launch {
namespace {

constexpr int kEventItems = 64;  // Room beside the frames: unreadable images hold a place in the order too.

/// One image on its way; without pixels, the reason why it could not be read.
class ImagePayload : public pipeline::Payload {
 public:
  ImagePayload(cv::Mat image, const std::vector<std::string>* labels)
      : image_(std::move(image)), labels_(labels) {}
  ImagePayload(cv::Mat image, const std::vector<std::string>* labels, std::vector<engine::Proposal> proposals)
      : ImagePayload(std::move(image), labels) {
    proposals_ = std::move(proposals);
  }
  explicit ImagePayload(std::string problem) : problem_(std::move(problem)) {}
  void set_remark(std::string remark) { remark_ = std::move(remark); }

  std::optional<engine::ImageView> pixels() override {
    return engine::ImageView{image_.data, image_.cols, image_.rows,
                             static_cast<std::ptrdiff_t>(image_.step[0]), engine::PixelFormat::kBgr};
  }
  void finish(const pipeline::Frame& frame) override {
    if (labels_ == nullptr) return;
    elements::paint_detections({image_.data, image_.cols, image_.rows,
                                static_cast<std::ptrdiff_t>(image_.step[0]), engine::PixelFormat::kBgr},
                               frame.detections, *labels_);
  }

  const cv::Mat& image() const { return image_; }
  const std::string& problem() const { return problem_; }
  /// About an image that was read nevertheless; mostly empty.
  const std::string& remark() const { return remark_; }
  /// Gives away those that came with the image; none where the model has an RPN.
  std::optional<std::vector<engine::Proposal>> take_proposals() {
    return std::exchange(proposals_, std::nullopt);
  }

 private:
  cv::Mat image_;
  const std::vector<std::string>* labels_ = nullptr;  ///< Borrowed from the session; null: nothing is drawn
  std::optional<std::vector<engine::Proposal>> proposals_;
  std::string problem_;
  std::string remark_;
};

std::string reason(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  }
}

/// Data sets number their images; where a file's name says no number, the name itself is the id.
/// \throws engine::ModelError
std::vector<engine::Proposal> find_proposals(const engine::ProposalFile& proposals, const Input& input) {
  const std::filesystem::path name(input.name);
  FrameResult named;
  named.file = input.name;
  const auto number = coco_image_id(named);
  for (const auto& id : {name.string(), name.filename().string(), name.stem().string()}) {
    if (proposals.contains(id)) return proposals.find(id);
  }
  return proposals.find(number.is_number() ? number.dump() : name.string());
}

/// Reads images ahead of the stages and ends with the scope, whatever is still on its way.
class Feeder {
 public:
  Feeder(pipeline::StageGraph& graph, pipeline::FramePool& pool, std::function<void()> feed)
      : graph_(graph), pool_(pool), thread_(std::move(feed)) {}
  ~Feeder() {
    pool_.set_cancelled(true);
    graph_.flush();
    thread_.join();
  }
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

 private:
  pipeline::StageGraph& graph_;
  pipeline::FramePool& pool_;
  std::thread thread_;
};

std::unique_ptr<pipeline::Item> read_item(const Input& input, const std::vector<std::string>* labels,
                                          const engine::ProposalFile* proposals) {
  auto item = std::make_unique<pipeline::Item>();
  try {
    std::string remark;
    auto image = read_image(input.path, &remark);
    auto payload = proposals == nullptr ? std::make_unique<ImagePayload>(std::move(image), labels)
                                        : std::make_unique<ImagePayload>(std::move(image), labels,
                                                                         find_proposals(*proposals, input));
    payload->set_remark(std::move(remark));
    item->payload = std::move(payload);
  } catch (const std::exception& error) {
    item->payload = std::make_unique<ImagePayload>(error.what());
  }
  return item;
}

/// An item without payload follows the last image, which is an earlier one after Ctrl-C.
void feed(std::span<const Input> images, const std::vector<std::string>* labels, const DetectOptions& options,
          const std::shared_ptr<const pipeline::Session>& session, pipeline::FramePool& pool,
          pipeline::StageGraph& graph, const Interrupt& interrupt) {
  for (const auto& input : images) {
    if (interrupt.requested()) break;
    // Decoded before a slot is free: the stages never wait for a disk.
    auto item = read_item(input, labels, options.proposals.get());
    auto& payload = static_cast<ImagePayload&>(*item->payload);
    if (payload.problem().empty()) {
      item->frame = pool.acquire();
      if (item->frame == nullptr) return;
      item->frame->session = session;
      item->frame->keep_detail_outputs = options.raw;
      item->frame->given_proposals = payload.take_proposals();
    }
    if (!graph.push(std::move(item))) return;
  }
  graph.push(std::make_unique<pipeline::Item>());
}

/// What is made of a result besides the sink's entry.
struct Delivery {
  const std::filesystem::path* annotated = nullptr;  ///< Null: no copy is made
  PictureWindow* window = nullptr;                   ///< Null: the image is not shown
  bool raw = false;
};

/// A copy that cannot be written is no reason to lose what was found, nor the images after it.
void annotate(const cv::Mat& image, const std::filesystem::path& file, ResultSink& sink) {
  try {
    write_image(image, file);
    sink.copied(file);
  } catch (const engine::Error& error) {
    sink.failed(error.what());
  }
}

void deliver(const pipeline::Item& item, const Input& input, const Delivery& delivery, ResultSink& sink) {
  const auto& payload = static_cast<const ImagePayload&>(*item.payload);
  if (!payload.remark().empty()) sink.warned(payload.remark());
  if (!payload.problem().empty()) {
    sink.failed(payload.problem());
  } else if (item.error != nullptr) {
    sink.failed(fmt::format("No result for '{}': {}", input.path, reason(item.error)));
  } else {
    if (delivery.annotated != nullptr) annotate(payload.image(), *delivery.annotated, sink);
    if (delivery.window != nullptr) delivery.window->show(payload.image());
    FrameResult result{input.name,
                       std::nullopt,
                       std::nullopt,
                       {payload.image().cols, payload.image().rows},
                       item.frame->detections};
    if (delivery.raw) result.raw = raw_result(*item.frame);
    sink.found(result);
  }
}

}  // namespace

std::size_t detect_images(std::span<const Input> images, std::span<const std::filesystem::path> annotated,
                          const std::shared_ptr<const pipeline::Session>& session,
                          const DetectOptions& options, ResultSink& sink) {
  const bool drawn = options.display || !annotated.empty();
  const auto* labels = drawn ? &session->config().class_names : nullptr;
  std::optional<PictureWindow> window;
  if (options.display) window.emplace();
  pipeline::FramePool pool(options.max_in_flight);
  pipeline::StageGraph graph({.max_items = options.max_in_flight + kEventItems});
  graph.set_score_threshold(options.threshold);
  const pipeline::PublishedStream published(
      [&, opened = pipeline::StreamStatus{.name = "neuron-rcnn detect",
                                          .model = session->options().model.string()}] {
        auto status = opened;
        const auto counters = graph.counters();
        status.entered = counters.in;
        status.failed = counters.failed;
        status.in_flight = pool.in_flight();
        status.slots = pool.max_in_flight();
        status.queued = counters.inside;
        status.latency_p50_ns = counters.latency_p50_ns;
        status.latency_p99_ns = counters.latency_p99_ns;
        return status;
      });
  const Interrupt interrupt;
  const Feeder feeder(graph, pool, [&] { feed(images, labels, options, session, pool, graph, interrupt); });
  for (std::size_t i = 0; i < images.size(); ++i) {
    sink.progressed(static_cast<double>(i), static_cast<double>(images.size()), images[i].name);
    const auto item = graph.pop();
    if (item->payload == nullptr) return i;
    const Delivery delivery{annotated.empty() ? nullptr : &annotated[i], window ? &*window : nullptr,
                            options.raw};
    deliver(*item, images[i], delivery, sink);
    graph.popped();
  }
  return images.size();
}

}  // namespace rcnn::launch
