// SPDX-License-Identifier: MIT
#include "pipeline/stages/core_program.hpp"

#include <gmock/gmock.h>

#include "engine/errors.hpp"
#include "tests/engine/runtime/fake_executable.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using std::chrono::milliseconds;

class CoreProgramTest : public PipelineTest {
 protected:
  CoreProgram work(engine::FakeExecutable::Body body) const {
    CoreProgram program;
    program.executable = std::make_shared<engine::FakeExecutable>(std::move(body));
    program.input = session_->acquire({{"input", {10}}});
    program.output_specs = {{"output", {20}}};
    program.result = &Frame::box_outputs;
    return program;
  }
};

TEST_F(CoreProgramTest, OutputsAreAcquiredWhenTheProgramBegins) {
  load(cores(1));
  engine::Gate gate;
  auto [blocking, blocked] = engine::execution_of([&](auto) { gate.pass(); });
  session_->programs().submit(0, std::move(blocking));
  const auto misses = session_->pool_misses();
  auto made = frame();
  auto program = work([](auto) {});  // Its input is one miss.
  auto ended = std::make_shared<std::promise<std::exception_ptr>>();
  auto future = ended->get_future();
  const auto ticket =
      start_on_core(made, std::move(program), [ended](auto error) { ended->set_value(error); });
  EXPECT_EQ(session_->pool_misses(), misses + 1);
  gate.open();
  EXPECT_EQ(text_of(future.get()), "");
  EXPECT_EQ(session_->pool_misses(), misses + 2);
  ASSERT_NE(made->box_outputs, nullptr);
  EXPECT_EQ(made->box_outputs->at(0).spec().name, "output");
}

TEST_F(CoreProgramTest, InputIsGivenBackByTheTimeDoneIsCalled) {
  load(cores(1));
  auto program = work([](auto) {});
  const std::weak_ptr<TensorSet> input = program.input;
  std::promise<bool> gone;
  start_on_core(frame(), std::move(program), [&](auto) { gone.set_value(input.expired()); });
  EXPECT_TRUE(gone.get_future().get());
}

TEST_F(CoreProgramTest, ACancelledRunKeepsItsTensorsButNotItsFrame) {
  load(cores(1));
  engine::Gate gate;
  std::promise<void> running;
  auto program = work([&](auto) {
    running.set_value();
    gate.pass();
  });
  const std::weak_ptr<TensorSet> input = program.input;
  auto made = frame();
  const std::weak_ptr<Frame> watched = made;
  const auto ticket = start_on_core(made, std::move(program), [](auto) {});
  made.reset();
  running.get_future().wait();
  ticket->cancel();
  EXPECT_TRUE(watched.expired());
  EXPECT_FALSE(input.expired()) << "the core may still be reading it";
  gate.open();
  for (int i = 0; i < 5000 && !input.expired(); ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(input.expired());
}

}  // namespace
}  // namespace rcnn::pipeline
