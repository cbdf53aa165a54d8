// SPDX-License-Identifier: MIT
#version 330
// The sky and the way light becomes a pixel; joined in front of sky.frag and surface.frag.
uniform sampler2D noise;  // Tiles: r clouds, g fine grain, b ridges, a blotches
uniform vec3 to_sun;
uniform vec3 sun_light;
uniform vec3 sky_light;   // What a level surface gets from the whole sky
uniform vec3 zenith;
uniform vec3 horizon;
uniform float clouds;     // 0 clear, 1 closed
uniform vec2 drift;
uniform float exposure;

vec3 sky(vec3 d) {
  float up = max(d.z, 0.0);
  vec3 blue = mix(horizon, zenith, pow(up, 0.45));
  vec2 at = d.xy / (up + 0.12) * 0.05 + drift;
  float cover = texture(noise, at).r * 0.65 + texture(noise, at * 3.1).r * 0.35;
  float cloud = smoothstep(1.0 - clouds * 0.95, 1.18 - clouds * 0.75, cover) * smoothstep(0.0, 0.12, d.z);
  vec3 lit = mix(horizon * 1.25, zenith * 0.55 + horizon * 0.35, smoothstep(0.45, 0.9, cover) * 0.8);
  vec3 seen = mix(blue, lit, cloud);
  float close = max(dot(d, to_sun), 0.0);
  return seen + sun_light * (1.0 - 0.9 * cloud) * (pow(close, 900.0) * 6.0 + pow(close, 24.0) * 0.06);
}

vec3 develop(vec3 light) {
  vec3 x = light * exposure;
  x = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14);
  return pow(clamp(x, 0.0, 1.0), vec3(1.0 / 2.2));
}
