// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/core_pool.hpp"

namespace rcnn::engine {

/// A door that programs wait at until a test opens it.
class Gate {
 public:
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Runs whatever a test gives it.
class FakeExecutable final : public Executable {
 public:
  using Body = std::function<void(std::span<std::byte> scratch)>;
  explicit FakeExecutable(Body body, std::size_t scratch = 64) : body_(std::move(body)), scratch_(scratch) {}

  const std::string& program() const override { return name_; }
  const std::vector<TensorSpec>& inputs() const override { return specs_; }
  const std::vector<TensorSpec>& outputs() const override { return specs_; }
  std::size_t scratch_bytes() const override { return scratch_; }
  void run(std::span<const void* const>, std::span<void* const>,
           std::span<std::byte> scratch) const override {
    body_(scratch);
  }

 private:
  const std::string name_ = "fake";
  const std::vector<TensorSpec> specs_;
  const Body body_;
  const std::size_t scratch_;
};

/// An execution of `body` and the future of what `done` was told; a second call of `done` would throw there.
inline std::pair<Execution, std::future<std::exception_ptr>> execution_of(FakeExecutable::Body body,
                                                                          std::size_t scratch = 64) {
  auto promise = std::make_shared<std::promise<std::exception_ptr>>();
  auto future = promise->get_future();
  Execution execution;
  execution.executable = std::make_shared<FakeExecutable>(std::move(body), scratch);
  execution.done = [promise](std::exception_ptr error) { promise->set_value(std::move(error)); };
  return {std::move(execution), std::move(future)};
}

/// What an error says; "" for none. Waits at most ten seconds, so that a lost completion is a red test.
inline std::string message_of(std::future<std::exception_ptr>& future) {
  if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return "never completed";
  const auto error = future.get();
  if (!error) return "";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  }
}

/// Whether an error is of type T.
template <typename T>
bool holds(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const T&) {
    return true;
  } catch (...) {
  }
  return false;
}

inline CoreSettings settings_of(std::vector<int> cores, std::vector<CoreSettings::Fault> faults = {}) {
  CoreSettings settings;
  settings.cores = std::move(cores);
  settings.faults = std::move(faults);
  return settings;
}

}  // namespace rcnn::engine
