// SPDX-License-Identifier: MIT
#include "engine/files/unfinished_files.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>

namespace rcnn::engine {
namespace {

// A table of fixed size without locks: a signal may come while any thread is anywhere.
using Name = std::atomic<const char*>;
static_assert(Name::is_always_lock_free, "signal handlers may not wait");
std::array<Name, kMostUnfinishedFiles> names{};
std::atomic<bool> ending = false;

[[noreturn]] void wait_for_the_end() {
  for (;;) ::pause();
}

bool replace(const char* expected, const char* wanted) {
  for (auto& name : names) {
    const char* found = expected;
    if (name.compare_exchange_strong(found, wanted)) return true;
  }
  return false;
}

}  // namespace

UnfinishedFile::UnfinishedFile(const std::filesystem::path& file) : name_(file.string()) {
  replace(nullptr, name_.c_str());
  if (ending) wait_for_the_end();
}

UnfinishedFile::~UnfinishedFile() {
  // Whoever has taken the name out of the table is reading it.
  if (!replace(name_.c_str(), nullptr) && ending) wait_for_the_end();
}

void remove_unfinished_files() noexcept {
  ending = true;
  // Threads that named a file before that are about to make it.
  constexpr std::timespec kMoment{0, 2'000'000};
  ::nanosleep(&kMoment, nullptr);
  for (auto& name : names) {
    if (const char* file = name.exchange(nullptr); file != nullptr) ::unlink(file);
  }
}

}  // namespace rcnn::engine
