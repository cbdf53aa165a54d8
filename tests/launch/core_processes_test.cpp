// SPDX-License-Identifier: MIT
#include "launch/core_processes.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <thread>

#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

TEST(CoreProcesses, FindThisOneWhileItRunsCores) {
  std::promise<void> named;
  std::promise<void> looked;
  std::thread core([&] {
    pthread_setname_np(pthread_self(), "neuron-core-7");
    named.set_value();
    looked.get_future().wait();
  });
  named.get_future().wait();
  const auto processes = core_processes();
  looked.set_value();
  core.join();
  const auto here = std::find_if(processes.begin(), processes.end(),
                                 [](const CoreProcess& process) { return process.pid == getpid(); });
  ASSERT_NE(here, processes.end());
  EXPECT_EQ(here->cores, std::vector<int>{7});
  EXPECT_EQ(here->command, "launch_tests");
}

TEST(CoreProcesses, AreReadInOrderWithoutOthersThreadsAndBrokenFolders) {
  const TempFolder proc;
  const auto thread = [&](const std::string& process, const std::string& id, const std::string& name) {
    std::filesystem::create_directories(proc / (process + "/task/" + id));
    write_text(proc / (process + "/comm"), "some program\n");
    write_text(proc / (process + "/task/" + id + "/comm"), name + "\n");
  };
  thread("20", "20", "some program");
  thread("20", "22", "neuron-core-10");
  thread("20", "21", "neuron-core-2");
  thread("3", "3", "neuron-core-0");
  thread("4", "4", "neuron-core-x");
  thread("self", "1", "neuron-core-1");
  std::filesystem::create_directories(proc / "5");
  const auto processes = core_processes(proc.path());
  ASSERT_EQ(processes.size(), 2U);
  EXPECT_EQ(processes[0].pid, 3);
  EXPECT_EQ(processes[1].pid, 20);
  EXPECT_EQ(processes[1].command, "some program");
  EXPECT_EQ(processes[1].cores, (std::vector<int>{2, 10}));
  EXPECT_TRUE(core_processes(proc / "none").empty());
}

}  // namespace
}  // namespace rcnn::launch
