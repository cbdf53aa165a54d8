// SPDX-License-Identifier: MIT
#include <mutex>
#include <utility>

#include "engine/errors.hpp"
#include "pipeline/stages/core_program.hpp"

namespace rcnn::pipeline {
namespace {

/// Ticket of the backbone and of the RPN head after it. Cancelled, it cancels the one under way and keeps the
/// RPN head from being started.
///
/// Thread safety: thread-safe; one mutex guards all, and no ticket is cancelled under it.
class BothTicket final : public engine::ExecutionTicket {
 public:
  void cancel() override {
    std::shared_ptr<engine::ExecutionTicket> current;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      current = current_;
    }
    if (current) current->cancel();
  }
  bool cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  /// The backbone may be through, and the RPN head on its way, before its own ticket arrives here.
  void hold_first(std::shared_ptr<engine::ExecutionTicket> ticket) { hold(std::move(ticket), false); }
  void hold_second(std::shared_ptr<engine::ExecutionTicket> ticket) { hold(std::move(ticket), true); }

 private:
  void hold(std::shared_ptr<engine::ExecutionTicket> ticket, bool is_second) {
    {
      const std::lock_guard lock(mutex_);
      if (second_ && !is_second) return;
      second_ = is_second;
      current_ = ticket;
      if (!cancelled_) return;
    }
    if (ticket) ticket->cancel();
  }

  mutable std::mutex mutex_;
  std::shared_ptr<engine::ExecutionTicket> current_;
  bool second_ = false;
  bool cancelled_ = false;
};

std::shared_ptr<engine::ExecutionTicket> start_rpn_head(const std::shared_ptr<Frame>& frame, StageDone done) {
  CoreProgram work;
  work.program = *frame->session->rpn_program_index();
  work.executable = frame->geometry->rpn_program;
  work.input = frame->backbone;
  work.output_specs = work.executable->outputs();
  work.result = &Frame::rpn;
  return start_on_core(frame, std::move(work), std::move(done));
}

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
  if (!frame->session->rpn_program_index()) return start_on_core(frame, std::move(work), std::move(done));

  const auto both = std::make_shared<BothTicket>();
  auto then = [frame, both, done = std::move(done)](std::exception_ptr error) {
    if (error) return done(std::move(error));
    if (both->cancelled()) return done(std::make_exception_ptr(engine::CancelledError("cancelled")));
    try {
      both->hold_second(start_rpn_head(frame, done));
    } catch (...) {
      done(std::current_exception());
    }
  };
  both->hold_first(start_on_core(frame, std::move(work), std::move(then)));
  return both;
}

}  // namespace rcnn::pipeline
