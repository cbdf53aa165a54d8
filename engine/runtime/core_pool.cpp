// SPDX-License-Identifier: MIT
#include "engine/runtime/core_pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "engine/errors.hpp"
#include "engine/runtime/dispatcher.hpp"
#include "engine/runtime/neuron_core.hpp"

namespace rcnn::engine {
namespace {

using Cores = std::vector<std::shared_ptr<NeuronCore>>;
/// What makes two loads equal: name and weights of each program, and the cores it is on.
using LoadKey = std::vector<std::tuple<std::string, const void*, std::vector<int>>>;

// A program of the largest models runs for a few seconds; what takes longer than this at the end is stuck.
constexpr std::chrono::seconds kClosingTime{5};

std::string ids_of(const Cores& cores) {
  std::string text;
  for (const auto& core : cores) text += (text.empty() ? "" : ", ") + std::to_string(core->id());
  return text;
}

}  // namespace

/// Thread safety: thread-safe. `placing` is taken before the dispatcher's mutex and any core's own.
struct CorePool::State {
  explicit State(CoreSettings chosen);

  Cores select(const std::vector<int>& ids) const;
  std::shared_ptr<BatchGroup> group(const LoadKey& key);
  void close();

  const CoreSettings settings;
  const std::shared_ptr<Dispatcher> dispatcher;
  Cores cores;
  std::mutex placing;  ///< Makes "does it fit" and "put it there" one step; guards `groups`
  bool close_at_exit = false;
  std::once_flag exit_registered;
  std::map<LoadKey, std::weak_ptr<BatchGroup>> groups;
};

namespace {

/// The programs of one core within one load.
struct Share {
  std::shared_ptr<NeuronCore> core;
  std::vector<ResidentProgram> programs;
};

std::vector<int> ids(const Cores& cores) {
  std::vector<int> all;
  for (const auto& core : cores) all.push_back(core->id());
  return all;
}

class Placed final : public LoadedPrograms {
 public:
  /// `places[i]`: the cores that hold program i.
  Placed(std::vector<Share> shares, std::vector<std::string> names, const std::vector<Cores>& places,
         std::shared_ptr<BatchGroup> group, std::shared_ptr<Dispatcher> dispatcher)
      : shares_(std::move(shares)),
        names_(std::move(names)),
        group_(std::move(group)),
        dispatcher_(std::move(dispatcher)) {
    for (const auto& cores : places) places_.push_back(ids(cores));
  }

  ~Placed() override {
    for (const auto& share : shares_) share.core->remove_resident(share.programs);
  }
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;

  std::shared_ptr<ExecutionTicket> submit(std::size_t program, Execution execution) override {
    if (program >= places_.size()) {
      throw Error("program " + std::to_string(program) + " was not loaded; there are " +
                  std::to_string(places_.size()));
    }
    return dispatcher_->submit(names_[program], places_[program], std::move(execution), group_);
  }

  std::shared_ptr<const void> admit() override {
    ++group_->admitted;
    return {group_.get(), [group = group_, dispatcher = dispatcher_](const BatchGroup*) {
              --group->admitted;
              dispatcher->look_again();
            }};
  }

  std::vector<int> cores() const override {
    std::vector<int> all;
    for (const auto& share : shares_) all.push_back(share.core->id());
    return all;
  }

 private:
  const std::vector<Share> shares_;
  const std::vector<std::string> names_;
  std::vector<std::vector<int>> places_;
  const std::shared_ptr<BatchGroup> group_;
  const std::shared_ptr<Dispatcher> dispatcher_;
};

/// Cores of each program: all of them, or one each, dealt to the core with the fewest programs of this load,
/// then with the least in its memory.
std::vector<Cores> place(const std::vector<ResidentProgram>& programs, const Cores& cores,
                         Placement placement) {
  if (placement == Placement::kReplicate) return {programs.size(), cores};
  std::vector<Cores> places;
  std::vector<std::size_t> dealt(cores.size(), 0);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < cores.size(); ++j) {
      const auto key = [&](std::size_t k) { return std::make_tuple(dealt[k], cores[k]->memory_used()); };
      if (key(j) < key(best)) best = j;
    }
    ++dealt[best];
    places.push_back({cores[best]});
  }
  return places;
}

std::vector<Share> shares_of(const std::vector<ResidentProgram>& programs, const Cores& cores,
                             const std::vector<Cores>& places) {
  std::vector<Share> shares;
  for (const auto& core : cores) {
    Share share{core, {}};
    for (std::size_t i = 0; i < programs.size(); ++i) {
      if (std::find(places[i].begin(), places[i].end(), core) != places[i].end()) {
        share.programs.push_back(programs[i]);
      }
    }
    if (!share.programs.empty()) shares.push_back(std::move(share));
  }
  return shares;
}

LoadKey load_key(const std::vector<ResidentProgram>& programs, const std::vector<Cores>& places) {
  LoadKey key;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    key.emplace_back(programs[i].name, programs[i].key, ids(places[i]));
  }
  return key;
}

}  // namespace

CorePool::State::State(CoreSettings chosen)
    : settings(std::move(chosen)), dispatcher(std::make_shared<Dispatcher>(settings)) {
  for (const int id : settings.cores) cores.push_back(std::make_shared<NeuronCore>(id, settings, dispatcher));
}

Cores CorePool::State::select(const std::vector<int>& ids) const {
  if (ids.empty()) return cores;
  Cores chosen;
  for (const auto& core : cores) {
    if (std::find(ids.begin(), ids.end(), core->id()) != ids.end()) chosen.push_back(core);
  }
  for (const int id : ids) {
    if (std::none_of(cores.begin(), cores.end(), [&](const auto& core) { return core->id() == id; })) {
      throw SettingError(
          "cores: there is no NeuronCore " + std::to_string(id) + "; there are " + ids_of(cores) +
          ". Name some of these, or set NEURON_RT_VISIBLE_CORES or NEURON_RT_NUM_CORES before start");
    }
  }
  return chosen;
}

std::shared_ptr<BatchGroup> CorePool::State::group(const LoadKey& key) {
  std::erase_if(groups, [](const auto& entry) { return entry.second.expired(); });
  auto& kept = groups[key];
  auto group = kept.lock();
  if (!group) kept = group = std::make_shared<BatchGroup>();
  return group;
}

void CorePool::State::close() {
  const auto deadline = NeuronCore::Clock::now() + kClosingTime;
  dispatcher->stop();
  for (const auto& core : cores) core->join(deadline);
}

CorePool::CorePool(CoreSettings settings) : state_(std::make_shared<State>(std::move(settings))) {
  const auto& chosen = state_->settings;
  for (const auto& fault : chosen.faults) {
    spdlog::warn("NeuronCore {}: every execution no. {} will meet an injected '{}' (NEURON_EMU_FAULT)",
                 fault.core, fault.every, fault.kind);
  }
}

CorePool::~CorePool() { state_->close(); }

CorePool& CorePool::process() {
  // Reachable for ever, never destroyed: elements may still hold programs while static objects go.
  static auto* const pool = [] {
    const auto settings = CoreSettings::from_environment();
    if (!settings.deprecation.empty()) spdlog::warn("{}", settings.deprecation);
    auto* made = new CorePool(settings);
    made->state_->close_at_exit = true;
    return made;
  }();
  return *pool;
}

const CoreSettings& CorePool::settings() const { return state_->settings; }

std::shared_ptr<LoadedPrograms> CorePool::load(std::vector<ResidentProgram> programs,
                                               const std::vector<int>& cores, Placement placement) {
  if (state_->close_at_exit) {
    // Registered as late as can be: what was made before (the model, the library's caches) then goes after
    // the cores have stopped using it.
    std::call_once(state_->exit_registered, [] { std::atexit([] { process().state_->close(); }); });
  }
  const auto chosen = state_->select(cores);
  std::lock_guard lock(state_->placing);
  const auto places = place(programs, chosen, placement);
  auto shares = shares_of(programs, chosen, places);
  for (const auto& share : shares) share.core->require_memory(share.programs);
  for (const auto& share : shares) share.core->add_resident(share.programs);
  for (const auto& share : shares) share.core->start();
  state_->dispatcher->start();
  std::vector<std::string> names;
  for (const auto& program : programs) names.push_back(program.name);
  auto group = state_->group(load_key(programs, places));
  return std::make_shared<Placed>(std::move(shares), std::move(names), places, std::move(group),
                                  state_->dispatcher);
}

std::vector<CoreStatus> CorePool::status() const {
  std::vector<CoreStatus> all;
  for (const auto& core : state_->cores) all.push_back(core->status());
  return all;
}

}  // namespace rcnn::engine
