// SPDX-License-Identifier: MIT
#version 330
uniform mat4 unproject;
in vec2 in_position;
out vec3 toward;

void main() {
  vec4 far = unproject * vec4(in_position, 1.0, 1.0);
  vec4 near = unproject * vec4(in_position, -1.0, 1.0);
  toward = far.xyz / far.w - near.xyz / near.w;
  gl_Position = vec4(in_position, 0.9999999, 1.0);
}
