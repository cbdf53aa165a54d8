// SPDX-License-Identifier: MIT
#include <gst/gst.h>
#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "launch/doctor_checks.hpp"
#include "launch/gst_parts.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPluginName = "neuronrcnn";
constexpr const char* kPluginFile = "libgstneuronrcnn.so";

Check check_version() {
  guint major = 0;
  guint minor = 0;
  guint micro = 0;
  guint nano = 0;
  gst_version(&major, &minor, &micro, &nano);
  Check check{Health::kOk, "GStreamer", fmt::format("{}.{}.{}", major, minor, micro), ""};
  if (major == 1 && minor < 20) {
    check.health = Health::kWarn;
    check.advice = "tested with 1.22 (Debian 12): upgrade";
  }
  return check;
}

/// File of our plugin that GStreamer put on its blacklist because loading it failed or crashed, if any.
std::optional<std::string> blacklisted_file() {
  GList* plugins = gst_registry_get_plugin_list(gst_registry_get());
  std::optional<std::string> file;
  for (const GList* entry = plugins; entry != nullptr; entry = entry->next) {
    auto* plugin = GST_PLUGIN(entry->data);
    const char* name = gst_plugin_get_filename(plugin);
    if (name != nullptr && GST_OBJECT_FLAG_IS_SET(plugin, GST_PLUGIN_FLAG_BLACKLISTED) &&
        fs::path(name).filename() == kPluginFile) {
      file = name;
    }
  }
  gst_plugin_list_free(plugins);
  return file;
}

/// The build's own plugin beside this program (build/launch/neuron-rcnn, build/elements/), if it is there.
std::optional<fs::path> plugin_of_this_build() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (error) return std::nullopt;
  const auto plugin = program.parent_path().parent_path() / "elements" / kPluginFile;
  if (!fs::exists(plugin, error)) return std::nullopt;
  return plugin;
}

std::string advice_for_missing() {
  const auto built = plugin_of_this_build();
  if (built)
    return fmt::format("export GST_PLUGIN_PATH={}, or cmake --install the build",
                       built->parent_path().string());
  return fmt::format("cmake --install the build, or export GST_PLUGIN_PATH=FOLDER with {}", kPluginFile);
}

Check check_plugin() {
  Check check{Health::kFail, "plugin neuronrcnn", "", ""};
  if (const auto file = blacklisted_file()) {
    check.found = fmt::format("blacklisted: {} could not be loaded", *file);
    check.advice =
        fmt::format("ldd {} shows a missing library; then rm ~/.cache/gstreamer-1.0/registry.*.bin", *file);
    return check;
  }
  const GstPointer<GstPlugin> plugin(gst_registry_find_plugin(gst_registry_get(), kPluginName));
  if (plugin == nullptr) {
    check.found = "not in GStreamer's registry";
    check.advice = advice_for_missing();
    return check;
  }
  const char* file = gst_plugin_get_filename(plugin.get());
  const GstPointer<GstPlugin> loaded(gst_plugin_load(plugin.get()));
  if (loaded == nullptr) {
    check.found = fmt::format("found but cannot be loaded: {}", file == nullptr ? "" : file);
    check.advice = "ldd that file shows a missing library; gst-inspect-1.0 neuronrcnn says more";
    return check;
  }
  return {Health::kOk, "plugin neuronrcnn", file == nullptr ? "" : file, ""};
}

bool can_make(const char* factory) {
  GstElement* made = gst_element_factory_make(factory, nullptr);
  if (made == nullptr) return false;
  gst_object_ref_sink(made);
  gst_object_unref(made);
  return true;
}

Check check_own_elements() {
  std::vector<std::string> missing;
  for (const char* element : own_elements()) {
    if (!can_make(element)) missing.emplace_back(element);
  }
  const auto all = own_elements().size();
  if (missing.empty()) return {Health::kOk, "its elements", fmt::format("all {}", all), ""};
  const auto found = missing.size() == all ? fmt::format("none of {}", all)
                                           : fmt::format("missing: {}", fmt::join(missing, ", "));
  return {Health::kFail, "its elements", found, "see the plugin's line above"};
}

}  // namespace

Checks check_gstreamer() {
  gst_init(nullptr, nullptr);
  Checks checks{check_version(), check_plugin(), check_own_elements()};
  for (const auto& part : gst_parts()) {
    const GstPointer<GstElementFactory> factory(gst_element_factory_find(part.factory));
    const std::string what = fmt::format("element {}", part.factory);
    if (factory != nullptr) {
      checks.push_back({Health::kOk, what, part.purpose, ""});
    } else {
      checks.push_back({part.needed ? Health::kFail : Health::kWarn, what,
                        fmt::format("missing: {}", part.purpose),
                        fmt::format("apt-get install {}", part.package)});
    }
  }
  return checks;
}

}  // namespace rcnn::launch
