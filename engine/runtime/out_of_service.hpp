// SPDX-License-Identifier: MIT
#pragma once

#include "engine/errors.hpp"

namespace rcnn::engine {

/// The last of the failures in a row that took a NeuronCore out of service; what() says so. There is one each
/// time that happens, and nothing need fail afterwards, so whoever leaves out some failures must not leave
/// out this one. Thread safety: const methods are thread-safe.
class OutOfServiceError : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

}  // namespace rcnn::engine
