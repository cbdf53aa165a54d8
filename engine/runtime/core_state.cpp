// SPDX-License-Identifier: MIT
#include "engine/runtime/core_state.hpp"

#include <utility>

namespace rcnn::engine {

void CoreState::begin(std::shared_ptr<Job> job, Clock::time_point now) {
  idle = false;
  running = std::move(job);
  run_began = now;
  ++started;
  wake.notify_all();
}

std::string CoreState::finish(Clock::time_point now, bool mine, bool failed) {
  const auto took = now - run_began;
  for (auto* counters : {&total, &programs[running->program]}) {
    counters->occupied(took);
    if (mine && failed) counters->failed();
    if (mine && !failed) counters->finished(took);
  }
  auto notice = mine ? judge(failed) : "";
  idle = true;
  running.reset();
  overdue_since.reset();
  return notice;
}

void CoreState::count_timeout(const std::string& program) {
  total.timed_out();
  programs[program].timed_out();
}

std::string CoreState::judge(bool failed) {
  const bool was_out = out_of_service();
  failed_in_row = failed ? failed_in_row + 1 : 0;
  if (out_of_service() == was_out) return "";
  if (was_out) return ": in service again";
  const auto notice = ": out of service after " + std::to_string(kFailuresInRow) + " failures in a row; ";
  if (running->cores.size() > 1) {
    return notice + "what other cores hold as well goes to these as long as one of them does better";
  }
  return notice + "no other core holds program '" + running->program +
         "', so that still runs here; placement=replicate on several cores has others to go to";
}

CoreStatus CoreState::status(int id) const {
  CoreStatus status;
  status.id = id;
  status.in_service = !out_of_service();
  status.total = total.snapshot();
  const auto running_for = running ? Clock::now() - run_began : Clock::duration{0};
  status.total.busy += running_for;
  for (const auto& [name, counters] : programs) {
    auto snapshot = counters.snapshot();
    if (running && running->program == name) snapshot.busy += running_for;
    status.programs.emplace_back(name, snapshot);
  }
  return status;
}

}  // namespace rcnn::engine
