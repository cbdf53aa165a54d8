// SPDX-License-Identifier: MIT
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/errors.hpp"
#include "pipeline/stages/core_program.hpp"

namespace rcnn::pipeline {
namespace {

/// Ticket of the backbone and of the RPN head's programs after it. Cancelled, it cancels what is under way
/// and keeps the others from being started.
///
/// Thread safety: thread-safe; one mutex guards all, and no ticket is cancelled under it.
class StageTicket final : public engine::ExecutionTicket {
 public:
  void cancel() override {
    std::vector<std::shared_ptr<engine::ExecutionTicket>> tickets;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      tickets = tickets_;
    }
    for (const auto& ticket : tickets) ticket->cancel();
  }
  bool cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  /// What it is the ticket of may be through by now. Null, of programs on the host, is let go.
  void hold(std::shared_ptr<engine::ExecutionTicket> ticket) {
    if (!ticket) return;
    {
      const std::lock_guard lock(mutex_);
      tickets_.push_back(ticket);
      if (!cancelled_) return;
    }
    ticket->cancel();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<engine::ExecutionTicket>> tickets_;
  bool cancelled_ = false;
};

/// The RPN head's programs of one frame, side by side on the cores that are free. When the last has ended,
/// `done` is told the first error; an error cancels the others, whose results nobody will want.
///
/// Thread safety: thread-safe; a mutex guards the error.
class RpnHead : public std::enable_shared_from_this<RpnHead> {
 public:
  RpnHead(std::shared_ptr<Frame> frame, std::shared_ptr<StageTicket> ticket, StageDone done)
      : frame_(std::move(frame)),
        ticket_(std::move(ticket)),
        done_(std::move(done)),
        left_(frame_->session->rpn_program_indices().size()) {}

  void start() {
    const auto count = left_.load();
    frame_->rpn.resize(count);
    for (std::size_t i = 0; i < count; ++i) start(i);
  }

 private:
  void start(std::size_t index) {
    const auto ended = [self = shared_from_this()](std::exception_ptr error) { self->end(std::move(error)); };
    try {
      if (ticket_->cancelled()) throw engine::CancelledError("cancelled");
      CoreProgram work;
      work.program = frame_->session->rpn_program_indices().at(index);
      work.executable = frame_->geometry->rpn_programs.at(index);
      work.input = frame_->backbone;
      work.output_specs = work.executable->outputs();
      work.result = [index](Frame & frame) -> auto& { return frame.rpn[index]; };
      ticket_->hold(start_on_core(frame_, std::move(work), ended));
    } catch (...) {
      ended(std::current_exception());
    }
  }

  void end(std::exception_ptr error) {
    if (error && is_first(error)) ticket_->cancel();
    if (left_.fetch_sub(1) > 1) return;
    if (error_) frame_->rpn.clear();
    done_(error_);
  }

  bool is_first(const std::exception_ptr& error) {
    const std::lock_guard lock(mutex_);
    if (error_) return false;
    error_ = error;
    return true;
  }

  const std::shared_ptr<Frame> frame_;
  const std::shared_ptr<StageTicket> ticket_;
  const StageDone done_;
  std::atomic<std::size_t> left_;
  std::mutex mutex_;  ///< Guards error_ until all have ended
  std::exception_ptr error_;
};

}  // namespace

std::shared_ptr<engine::ExecutionTicket> start_backbone(const std::shared_ptr<Frame>& frame, StageDone done) {
  frame->claim(StageId::kBackboneRpn);
  if (!frame->image)
    throw engine::Error("'neuron-backbone-rpn' got a frame without image: its preprocessing failed");
  CoreProgram work;
  work.program = frame->session->image_program_index();
  work.executable = frame->geometry->image_program;
  work.input = std::move(frame->image);
  work.output_specs = work.executable->outputs();
  work.result = &Frame::backbone;
  if (frame->session->rpn_program_indices().empty())
    return start_on_core(frame, std::move(work), std::move(done));

  const auto ticket = std::make_shared<StageTicket>();
  auto then = [frame, ticket, done = std::move(done)](std::exception_ptr error) {
    if (error) return done(std::move(error));
    std::make_shared<RpnHead>(frame, ticket, done)->start();
  };
  ticket->hold(start_on_core(frame, std::move(work), std::move(then)));
  return ticket;
}

}  // namespace rcnn::pipeline
