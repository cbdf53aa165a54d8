// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

/// The files of engine/model/data, made part of the library when it is built.
namespace rcnn::engine::data {

std::string_view model_zoo_yaml();
std::string_view coco_yaml();
std::string_view imagenet_txt();

}  // namespace rcnn::engine::data
