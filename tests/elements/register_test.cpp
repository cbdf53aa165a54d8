// SPDX-License-Identifier: MIT
#include "elements/register.hpp"  // First: proves the header is self-contained.

#include <filesystem>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using Register = tests::GstTest;

constexpr const char* kFactories[] = {
    "preprocess-resize-800", "neuron-backbone-rpn", "cpu-rpn-proposals", "roi-align",
    "neuron-box-head",       "postprocess-overlay", "neuronrcnn",        "neuron-classify",
    "detection-crop"};

TEST_F(Register, MakesTheElementsKnownAndRanksNone) {
  for (const char* name : kFactories) {
    GstElementFactory* factory = gst_element_factory_find(name);
    ASSERT_NE(factory, nullptr) << name;
    EXPECT_EQ(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)), static_cast<guint>(GST_RANK_NONE))
        << name << " must not be picked by decodebin";
    gst_object_unref(factory);
  }
}

TEST_F(Register, MayBeCalledAgain) {
  register_static_plugin();
  const ElementPtr element(gst_element_factory_make("neuronrcnn", nullptr));
  EXPECT_TRUE(element);
}

TEST_F(Register, NamesTypesAfterFactories) {
  const ElementPtr element(gst_element_factory_make("preprocess-resize-800", nullptr));
  EXPECT_STREQ(G_OBJECT_TYPE_NAME(element.get()), "GstPreprocessResize800");
}

TEST_F(Register, DescribesEveryElementAndProperty) {
  for (const char* name : kFactories) {
    const ElementPtr element(gst_element_factory_make(name, nullptr));
    ASSERT_TRUE(element) << name;
    auto* element_class = GST_ELEMENT_GET_CLASS(element.get());
    EXPECT_STREQ(gst_element_class_get_metadata(element_class, "klass"), "Filter/Analyzer/Video");
    EXPECT_NE(gst_element_class_get_metadata(element_class, "description"), nullptr);
    guint count = 0;
    GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element.get()), &count);
    for (guint i = 0; i < count; ++i) {
      const gchar* blurb = g_param_spec_get_blurb(specs[i]);
      EXPECT_TRUE(blurb != nullptr && *blurb != '\0') << name << "." << specs[i]->name;
    }
    g_free(specs);
  }
}

TEST_F(Register, StartsNoThreadWhenElementsAreMade) {
  const auto threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto before = threads();
  for (const char* name : kFactories) {
    const ElementPtr element(gst_element_factory_make(name, nullptr));
    ASSERT_TRUE(element);
  }
  EXPECT_EQ(threads(), before);
}

}  // namespace
}  // namespace rcnn::elements
