// SPDX-License-Identifier: MIT
#include "launch/program.hpp"

int main(int argc, char** argv) { return rcnn::launch::run_program(argc, argv); }
