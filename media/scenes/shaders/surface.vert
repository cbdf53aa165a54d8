// SPDX-License-Identifier: MIT
#version 330
uniform mat4 view_projection;
uniform mat4 model;
in vec3 in_position;
in vec3 in_normal;
in vec3 in_colour;
in vec4 in_look;  // kind, gloss, u, v
out vec3 world;
out vec3 inside;  // Position within the object
out vec3 normal;
out vec3 colour;
out vec2 uv;
out float gloss;
flat out int kind;

void main() {
  vec4 at = model * vec4(in_position, 1.0);
  world = at.xyz;
  inside = in_position;
  normal = transpose(inverse(mat3(model))) * in_normal;
  colour = in_colour;
  kind = int(in_look.x + 0.5);
  gloss = in_look.y;
  uv = in_look.zw;
  gl_Position = view_projection * at;
}
