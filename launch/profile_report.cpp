// SPDX-License-Identifier: MIT
#include "launch/profile_report.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <utility>

namespace rcnn::launch {
namespace {

using engine::TraceSpan;

constexpr const char* kHost = "host";

double milliseconds(const TraceSpan& span) {
  return std::chrono::duration<double, std::milli>(span.ended - span.began).count();
}

void finish(std::vector<ProfiledOperator>& operators, double whole) {
  for (auto& line : operators) line.share = whole > 0 ? line.total_ms / whole : 0;
  std::ranges::stable_sort(operators, std::greater(), &ProfiledOperator::total_ms);
}

template <typename Key>
std::vector<ProfiledOperator> values_of(std::map<Key, ProfiledOperator>& lines) {
  std::vector<ProfiledOperator> values;
  for (auto& [key, line] : lines) values.push_back(std::move(line));
  return values;
}

void add_stage(std::vector<ProfiledStage>& stages, const TraceSpan& span) {
  auto found = std::ranges::find_if(
      stages, [&](const auto& stage) { return stage.element == span.row && stage.part == span.name; });
  if (found == stages.end()) found = stages.insert(stages.end(), {span.row, span.name});
  ++found->frames;
  found->total_ms += milliseconds(span);
}

}  // namespace

Profile add_up(std::span<const TraceSpan> spans) {
  Profile profile;
  std::map<std::tuple<std::string, std::string, engine::Shape, std::string>, ProfiledOperator> lines;
  for (const auto& span : spans) {
    const bool stage = span.kind == TraceSpan::Kind::kStage;
    if (stage) add_stage(profile.stages, span);
    if (span.kind == TraceSpan::Kind::kProgram || (stage && span.on_core)) continue;  // Its operators tell
    const auto where = !stage && span.on_core ? span.program : kHost;
    const auto& name = stage ? span.row : span.name;
    const auto& op = stage ? span.name : span.op;
    auto& line = lines[{name, op, span.shape, where}];
    if (line.calls++ == 0) {
      line.name = name;
      line.op = op;
      line.implementation = span.implementation;
      line.where = where;
      line.shape = span.shape;
    }
    line.total_ms += milliseconds(span);
    profile.busy_ms += milliseconds(span);
    if (where != kHost) profile.on_cores_ms += milliseconds(span);
  }
  profile.operators = values_of(lines);
  finish(profile.operators, profile.busy_ms);
  return profile;
}

std::vector<ProfiledOperator> by_kind(const Profile& profile) {
  std::map<std::tuple<std::string, std::string, std::string>, ProfiledOperator> lines;
  for (const auto& from : profile.operators) {
    auto& line = lines[{from.op, from.implementation, from.where}];
    line.op = from.op;
    line.implementation = from.implementation;
    line.where = from.where;
    line.calls += from.calls;
    line.total_ms += from.total_ms;
  }
  auto kinds = values_of(lines);
  finish(kinds, profile.busy_ms);
  return kinds;
}

}  // namespace rcnn::launch
