// SPDX-License-Identifier: MIT
#version 330
uniform uint number;
out uint pixel;

void main() { pixel = number; }
