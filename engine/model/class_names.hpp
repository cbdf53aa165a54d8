// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/model/config.hpp"

namespace rcnn::engine {

/// Fills in class_names and category_ids, empty so far, of a config whose number of classes is known: those
/// of the data set, if it is one of Detectron2's (COCO, LVIS, Cityscapes, Pascal VOC) and has that many; else
/// "class 0", "class 1", ... and 0, 1, ...
///   dataset  as DATASETS.TEST or .TRAIN names it, "coco_2017_val"; may be empty
/// Thread safety: reentrant.
void name_classes(const std::string& dataset, ModelConfig& config);

}  // namespace rcnn::engine
