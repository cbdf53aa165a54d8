// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

namespace rcnn::elements {

/// Adds the project's elements to `plugin`. Starts no thread. False if GStreamer refuses one.
/// Thread safety: thread-safe, as GStreamer's registry.
bool register_elements(GstPlugin* plugin);

/// Makes the elements known to this process without a plugin file; for the program and the tests, which run
/// without GST_PLUGIN_PATH. They win over an installed plugin of the same name. Call it once, after
/// gst_init(); further calls do nothing. Thread safety: thread-safe.
void register_static_plugin();

}  // namespace rcnn::elements
