// SPDX-License-Identifier: MIT
#include "launch/gst_parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"

namespace rcnn::launch {
namespace {

TEST(GstParts, EveryPartIsThereWhereItsPackageIsInstalled) {
  gst_init(nullptr, nullptr);
  for (const auto& part : gst_parts()) {
    const GstPointer<GstElementFactory> factory(gst_element_factory_find(part.factory));
    EXPECT_NE(factory, nullptr) << part.factory << ": apt-get install " << part.package;
  }
}

TEST(GstParts, MissingElementNamesItsPackage) {
  gst_init(nullptr, nullptr);
  const GstPointer<GstElement> pipeline(gst_pipeline_new(nullptr));
  gst_object_ref_sink(pipeline.get());
  try {
    add_element(GST_BIN(pipeline.get()), "nosuchelement");
    FAIL();
  } catch (const engine::Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("no element 'nosuchelement': apt-get install"));
  }
}

}  // namespace
}  // namespace rcnn::launch
