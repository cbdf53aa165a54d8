// SPDX-License-Identifier: MIT
#include "pipeline/host_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>

#include "engine/errors.hpp"
#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::pipeline {
namespace {

/// Runs it and waits. \returns what `done` was called with
std::exception_ptr run_and_wait(engine::Execution execution) {
  auto ended = std::make_shared<std::promise<std::exception_ptr>>();
  auto future = ended->get_future();
  execution.done = [ended](std::exception_ptr error) { ended->set_value(std::move(error)); };
  run_on_host(std::move(execution));
  return future.get();
}

TEST(HostProgram, RunsOnAnotherThreadAfterItsOutputsWerePrepared) {
  std::thread::id worker;
  bool prepared = false;
  engine::Execution execution;
  execution.executable = std::make_shared<engine::FakeExecutable>([&](auto) {
    EXPECT_TRUE(prepared);
    worker = std::this_thread::get_id();
  });
  execution.prepare = [&](engine::Execution&) { prepared = true; };
  EXPECT_EQ(run_and_wait(std::move(execution)), nullptr);
  EXPECT_NE(worker, std::thread::id());
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST(HostProgram, WhatItThrowsIsHandedToDone) {
  engine::Execution execution;
  execution.executable =
      std::make_shared<engine::FakeExecutable>([](auto) { throw engine::DeviceError("no more"); });
  const auto error = run_and_wait(std::move(execution));
  ASSERT_NE(error, nullptr);
  EXPECT_THROW(std::rethrow_exception(error), engine::DeviceError);
}

TEST(HostProgram, TensorsAreLetGoBeforeDone) {
  auto held = std::make_shared<int>(7);
  const std::weak_ptr<int> watched = held;
  std::promise<bool> gone;
  engine::Execution execution;
  execution.executable = std::make_shared<engine::FakeExecutable>([](auto) {});
  execution.keep_alive = std::move(held);
  execution.done = [&](std::exception_ptr) { gone.set_value(watched.expired()); };
  run_on_host(std::move(execution));
  EXPECT_TRUE(gone.get_future().get());
}

}  // namespace
}  // namespace rcnn::pipeline
