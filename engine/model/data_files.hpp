// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

/// The files of engine/model/data, made part of the library when it is built. Thread safety: thread-safe.
namespace rcnn::engine::data {

std::string_view model_zoo_yaml();
std::string_view cityscapes_yaml();
std::string_view coco_person_yaml();
std::string_view coco_yaml();
std::string_view imagenet_txt();
std::string_view lvis_v0_5_yaml();
std::string_view lvis_v1_yaml();
std::string_view voc_yaml();

}  // namespace rcnn::engine::data
