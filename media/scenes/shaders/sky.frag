// SPDX-License-Identifier: MIT
in vec3 toward;
out vec4 pixel;

void main() { pixel = vec4(develop(sky(normalize(toward))), 1.0); }
