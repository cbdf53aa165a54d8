// SPDX-License-Identifier: MIT
// Positions only: for shadows, object numbers and counting.
#version 330
uniform mat4 view_projection;
uniform mat4 model;
in vec3 in_position;
in vec4 in_look;
flat out int kind;

void main() {
  kind = int(in_look.x + 0.5);
  gl_Position = view_projection * (model * vec4(in_position, 1.0));
}
