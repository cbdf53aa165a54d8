// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::tests {

/// Makes a harness's sink pad take no buffer until it is opened, or goes.
class Gate {
 public:
  explicit Gate(Harness& harness) {
    gst_pad_add_probe(
        harness.get()->sinkpad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer data) {
          const std::shared_ptr<State> state = *static_cast<std::shared_ptr<State>*>(data);
          std::unique_lock lock(state->mutex);
          state->opened.wait(lock, [&] { return state->open; });
          return GST_PAD_PROBE_OK;
        },
        new std::shared_ptr<State>(state_),
        [](gpointer data) { delete static_cast<std::shared_ptr<State>*>(data); });
  }
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void open() {
    const std::lock_guard lock(state_->mutex);
    state_->open = true;
    state_->opened.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;  // Guards open.
    std::condition_variable opened;
    bool open = false;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace rcnn::tests
