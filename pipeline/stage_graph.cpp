// SPDX-License-Identifier: MIT
#include "pipeline/stage_graph.hpp"

#include <tbb/flow_graph.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "engine/errors.hpp"
#include "pipeline/epoch.hpp"
#include "pipeline/graph_statistics.hpp"
#include "pipeline/handover.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stage_timer.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {
namespace {

/// What travels along the edges: TBB copies messages, an item has one owner.
struct Carrier {
  std::unique_ptr<Item> item;
};
using Message = std::shared_ptr<Carrier>;
using HostNode = tbb::flow::function_node<Message, Message>;
using CoreNode = tbb::flow::async_node<Message, Message>;
using LastNode = tbb::flow::function_node<Message>;
/// Part of a stage, as traces name it.
struct Part {
  StageId stage;
  std::string_view name;
  bool of_details = false;  ///< Only models with masks or keypoints have it
};
using HostWork = std::function<void(Item&)>;
using StartOnCore = std::shared_ptr<engine::ExecutionTicket>(const std::shared_ptr<Frame>&, StageDone);

/// True where a stage has nothing to do: its frame failed, or nobody wants it any more.
bool skips(const Item& item) { return item.error || item.epoch->dead(); }

bool is_missing(const Part& part, const Item& item) {
  return part.of_details && !item.frame->session->has_details();
}

}  // namespace

struct StageGraph::State {
  explicit State(const Options& chosen);
  void join_stages();

  std::shared_ptr<Epoch> current() const {
    std::lock_guard lock(mutex);
    return epoch;
  }
  std::shared_ptr<Epoch> make_epoch() const { return std::make_shared<Epoch>(options.max_items, statistics); }

  static void run_first(Item& item);
  static Message host_body(const Part& part, const HostWork& work, const Message& message) noexcept;
  static void core_body(const Part& part, StartOnCore* start, const Message& message,
                        CoreNode::gateway_type& gateway) noexcept;
  static void last_body(const Message& message, bool is_last_stage) noexcept;

  const Options options;
  const std::shared_ptr<GraphStatistics> statistics = std::make_shared<GraphStatistics>();
  std::atomic<float> score_threshold{-1.f};
  mutable std::mutex mutex;  ///< Guards the two epochs; taken before an epoch's own lock is, never after
  std::shared_ptr<Epoch> epoch;
  std::shared_ptr<Epoch> popped_from;  ///< Whose item pop() gave last

  tbb::flow::graph graph;
  std::unique_ptr<HostNode> preprocess;
  std::unique_ptr<CoreNode> backbone_rpn;
  std::unique_ptr<HostNode> proposals;
  std::unique_ptr<HostNode> roi_align;
  std::unique_ptr<CoreNode> box_head;
  std::unique_ptr<HostNode> postprocess;
  std::unique_ptr<CoreNode> detail_head;  ///< This and the next belong to the postprocess stage.
  std::unique_ptr<HostNode> details;
  std::unique_ptr<LastNode> reorder;
  tbb::flow::receiver<Message>* entrance = nullptr;
};

StageGraph::State::State(const Options& chosen) : options(chosen), epoch(make_epoch()) { join_stages(); }

/// The whole data flow, in the order a frame meets it. A graph of some of the stages leaves the others
/// unjoined.
///
/// Concurrency: `unlimited` everywhere, since the frames' slots bound what is inside; a core node's body
/// merely submits, its core does one thing at a time.
void StageGraph::State::join_stages() {
  using tbb::flow::unlimited;
  const auto host = [this](const Part& part, const HostWork& work) {
    return std::make_unique<HostNode>(graph, unlimited, [part, work](const Message& message) {
      take_over();
      return host_body(part, work, message);
    });
  };
  // Noexcept, and so run in place by the thread that brings the frame: no worker is waited for just to
  // submit.
  const auto core = [this](const Part& part, StartOnCore* start) {
    return std::make_unique<CoreNode>(
        graph, unlimited, [part, start](const Message& message, CoreNode::gateway_type& gateway) noexcept {
          take_over();
          core_body(part, start, message, gateway);
        });
  };
  preprocess = host({StageId::kPreprocess, "resize"}, run_first);
  backbone_rpn = core({StageId::kBackboneRpn, "backbone and RPN"}, start_backbone);
  proposals = host({StageId::kProposals, "proposals"}, [](Item& item) { run_proposals(*item.frame); });
  roi_align = host({StageId::kRoiAlign, "RoIAlign"}, [](Item& item) { run_roi_align(*item.frame); });
  box_head = core({StageId::kBoxHead, "box head"}, start_box_head);
  postprocess = host({StageId::kPostprocess, "detections"},
                     [this](Item& item) { run_postprocess(*item.frame, score_threshold.load()); });
  detail_head = core({StageId::kPostprocess, "detail head", true}, start_detail_head);
  details = host({StageId::kPostprocess, "details", true}, [](Item& item) { run_details(*item.frame); });
  reorder = std::make_unique<LastNode>(graph, unlimited, [this](const Message& message) {
    take_over();
    last_body(message, options.last == StageId::kPostprocess);
  });

  // A stage is entered at one node and left at another where it has several.
  const auto join = [this](StageId stage, auto& enter, auto& leave, auto& next) {
    if (stage == options.first) entrance = &enter;
    if (stage == options.last) {
      tbb::flow::make_edge(leave, *reorder);
    } else if (stage >= options.first && stage < options.last) {
      tbb::flow::make_edge(leave, next);
    }
  };
  join(StageId::kPreprocess, *preprocess, *preprocess, *backbone_rpn);
  join(StageId::kBackboneRpn, *backbone_rpn, *backbone_rpn, *proposals);
  join(StageId::kProposals, *proposals, *proposals, *roi_align);
  join(StageId::kRoiAlign, *roi_align, *roi_align, *box_head);
  join(StageId::kBoxHead, *box_head, *box_head, *postprocess);
  tbb::flow::make_edge(*postprocess, *detail_head);
  tbb::flow::make_edge(*detail_head, *details);
  join(StageId::kPostprocess, *postprocess, *details, *reorder);
}

void StageGraph::State::run_first(Item& item) {
  const auto pixels = item.payload ? item.payload->pixels() : std::nullopt;
  if (!pixels) throw engine::Error("'preprocess-resize-800' got a frame whose pixels cannot be read");
  run_preprocess(*item.frame, *pixels);
}

Message StageGraph::State::host_body(const Part& part, const HostWork& work,
                                     const Message& message) noexcept {
  auto& item = *message->item;
  if (!skips(item)) {
    const StageTimer timer(part.stage, part.name, item.number, false);
    try {
      work(item);
    } catch (...) {
      item.error = std::current_exception();
    }
    if (!is_missing(part, item)) timer.end();
  }
  hand_over();
  return message;
}

void StageGraph::State::core_body(const Part& part, StartOnCore* start, const Message& message,
                                  CoreNode::gateway_type& gateway) noexcept {
  auto& item = *message->item;
  gateway.reserve_wait();  // Until `done` has put the frame back, the graph is not idle.
  // From here on the item may be gone at any moment: `done` sends it on, on another thread.
  const auto own = item.epoch;
  const auto number = item.number;
  const auto pass_on = [message, &gateway](std::exception_ptr error) {
    if (error) message->item->error = std::move(error);
    hand_over();
    gateway.try_put(message);
    gateway.release_wait();
  };
  if (skips(item)) return pass_on(nullptr);
  const auto stage = part.stage;
  const StageTimer timer(stage, part.name, number, true);
  const bool missing = is_missing(part, item);
  const auto done = [own, number, stage, timer, missing, pass_on](std::exception_ptr error) {
    if (!missing) timer.end();
    own->drop(number, stage);
    pass_on(std::move(error));
  };
  try {
    const auto frame = item.frame;
    own->expect(number, stage);
    hand_over();
    auto ticket = start(frame, done);
    if (ticket) own->hold(number, stage, std::move(ticket));
  } catch (...) {
    done(std::current_exception());
  }
}

void StageGraph::State::last_body(const Message& message, bool is_last_stage) noexcept {
  auto& item = *message->item;
  // It may wait long for its turn to leave, but batches need not wait for it: it comes to no core any more.
  if (is_last_stage || item.error) item.frame->admission.reset();
  if (!skips(item) && item.payload) {
    try {
      item.payload->finish(*item.frame);
    } catch (...) {
      item.error = std::current_exception();
    }
  }
  const auto own = item.epoch;
  own->finish(std::move(message->item));
}

StageGraph::StageGraph(Options options) {
  if (options.first > options.last || options.max_items < 1) {
    throw engine::SettingError("a stage graph needs first <= last and room for an item; got stages " +
                               std::to_string(static_cast<int>(options.first)) + " to " +
                               std::to_string(static_cast<int>(options.last)) + ", max_items " +
                               std::to_string(options.max_items));
  }
  run_in_arena([&] {
    state_ = std::make_shared<State>(options);
    state_->graph
        .wait_for_all();  // make_edge may have spawned tasks, which must not meet a graph that goes unused.
  });
}

StageGraph::~StageGraph() {
  flush();
  run_in_arena([this] {
    state_->graph.wait_for_all();
    state_.reset();
  });
}

bool StageGraph::push(std::unique_ptr<Item> item) {
  const auto epoch = state_->current();
  if (!epoch->enter(*item)) return false;
  item->epoch = epoch;
  if (!item->frame || item->error) {
    epoch->finish(std::move(item));
    return true;
  }
  const auto message = std::make_shared<Carrier>(Carrier{std::move(item)});
  hand_over();
  state_->entrance->try_put(message);
  return true;
}

std::unique_ptr<Item> StageGraph::pop() {
  const auto epoch = state_->current();
  auto item = epoch->leave();
  if (!item) return nullptr;
  std::lock_guard lock(state_->mutex);
  state_->popped_from = epoch;
  return item;
}

void StageGraph::flush() { state_->current()->kill(); }

void StageGraph::restart() {
  auto fresh = state_->make_epoch();
  {
    std::lock_guard lock(state_->mutex);
    state_->epoch.swap(fresh);
  }
  fresh->kill();
}

bool StageGraph::wait_drained() { return state_->current()->wait_drained(); }

void StageGraph::popped() {
  std::shared_ptr<Epoch> epoch;
  {
    std::lock_guard lock(state_->mutex);
    epoch.swap(state_->popped_from);
  }
  if (epoch) epoch->passed_on();
}

void StageGraph::set_score_threshold(float threshold) { state_->score_threshold.store(threshold); }

GraphCounters StageGraph::counters() const {
  auto counters = state_->statistics->snapshot();
  counters.inside = state_->current()->inside();
  return counters;
}

}  // namespace rcnn::pipeline
