// SPDX-License-Identifier: MIT
// doctor: is everything here that a pipeline needs?
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "launch/commands.hpp"
#include "launch/doctor_checks.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

const char* name_of(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarn:
      return "warn";
    default:
      return "FAIL";
  }
}

void print_json(const Checks& checks) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& check : checks) {
    std::string status = name_of(check.health);
    if (check.health == Health::kFail) status = "fail";
    list.push_back(
        {{"status", status}, {"what", check.what}, {"found", check.found}, {"advice", check.advice}});
  }
  std::cout << nlohmann::ordered_json{{"checks", list}}.dump(2, ' ', false,
                                                             nlohmann::ordered_json::error_handler_t::replace)
            << '\n';
}

std::uint64_t count(const Checks& checks, Health health) {
  return static_cast<std::uint64_t>(std::count_if(
      checks.begin(), checks.end(), [health](const Check& check) { return check.health == health; }));
}

void print_table(const Checks& checks) {
  Table table({"", "what", "found", "what to do"});
  for (const auto& check : checks) table.add({name_of(check.health), check.what, check.found, check.advice});
  table.print(std::cout);
  const auto failed = count(checks, Health::kFail);
  std::cout << fmt::format("\n{}: {}, {}\n", failed == 0 ? "Ready" : "Not ready", plural(failed, "failure"),
                           plural(count(checks, Health::kWarn), "warning"));
}

int doctor(bool json) {
  Checks checks = check_processor();
  for (auto* more : {check_convolutions, check_cores, check_default_model, check_gstreamer}) {
    const auto found = more();
    checks.insert(checks.end(), found.begin(), found.end());
  }
  if (json) {
    print_json(checks);
  } else {
    print_table(checks);
  }
  return count(checks, Health::kFail) == 0 ? kDone : kFailed;
}

}  // namespace

Command add_doctor(CLI::App& program) {
  auto json = std::make_shared<bool>(false);
  auto* app = program.add_subcommand("doctor", "Check that everything is here that a pipeline needs");
  app->add_flag("--json", *json, "Print the checks as JSON");
  app->footer("Exit code 1 if something needed is missing; each line says what to do.");
  return {app, [json] { return doctor(*json); }};
}

}  // namespace rcnn::launch
