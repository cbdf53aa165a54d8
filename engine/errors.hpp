// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace rcnn::engine {

/// Root of everything this project throws. what() names what was given, what is accepted and what to do next.
///
/// Thread safety: const methods are thread-safe, of all classes here.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A tensor of the wrong shape, type or layout; thrown while something is built.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A config, checkpoint or artifact that cannot be used; thrown while a model is imported or loaded.
class ModelError : public Error {
 public:
  using Error::Error;
};

/// A setting (environment variable, property, option) that cannot be honoured.
class SettingError : public Error {
 public:
  using Error::Error;
};

/// A NeuronCore failed while a frame was on it; reaches that frame and no other.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// A program ran past NEURON_RT_EXEC_TIMEOUT.
class TimeoutError : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// The work was given up on purpose (flush, state change); never shown to a user.
class CancelledError : public Error {
 public:
  using Error::Error;
};

}  // namespace rcnn::engine
