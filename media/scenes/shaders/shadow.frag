// SPDX-License-Identifier: MIT
#version 330
flat in int kind;

void main() {
  if (kind == 14) discard;  // The space between spokes
}
