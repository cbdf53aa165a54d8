// SPDX-License-Identifier: MIT
// The plugin file libgstneuronrcnn.so: an entry point around elements/register.hpp.
#include "elements/register.hpp"

#define PACKAGE "gst-neuron-rcnn"

static gboolean plugin_init(GstPlugin* plugin) { return rcnn::elements::register_elements(plugin); }

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, neuronrcnn, "Detectron2 R-CNNs on NeuronCores",
                  plugin_init, RCNN_VERSION, "MIT/X11", "gst-neuron-rcnn", "gst-neuron-rcnn")
