// SPDX-License-Identifier: MIT
#include "engine/runtime/thread_count.hpp"

#include <omp.h>

namespace rcnn::engine {

ThreadCount::ThreadCount(int threads) : previous_(omp_get_max_threads()) { omp_set_num_threads(threads); }
int ThreadCount::current() { return omp_get_max_threads(); }
ThreadCount::~ThreadCount() { omp_set_num_threads(previous_); }

}  // namespace rcnn::engine
