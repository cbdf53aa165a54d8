// SPDX-License-Identifier: MIT
#version 330
uniform mat4 unproject;
in vec2 in_position;
out vec3 toward;

void main() {
  vec4 beyond = unproject * vec4(in_position, 1.0, 1.0);
  vec4 before = unproject * vec4(in_position, -1.0, 1.0);
  toward = beyond.xyz / beyond.w - before.xyz / before.w;
  gl_Position = vec4(in_position, 0.9999999, 1.0);
}
