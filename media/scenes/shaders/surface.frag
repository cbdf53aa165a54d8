// SPDX-License-Identifier: MIT
// Kinds are those of mesh.py. Compiled once for each group of kinds (renderer.py defines GROUP and WET): llvmpipe runs
// every branch of a shader for every pixel, so one program for all would look up each texture of each kind.
#define MATT 0     // 0, 7, 8, 10 to 13, 15
#define GLOSSY 1   // 1, 2, 5
#define FACADE 2   // 3
#define LEAVES 3   // 4
#define STREET 4   // 6, 9
in vec3 world;
in vec3 inside;
in vec3 normal;
in vec3 colour;
in vec2 uv;
in float gloss;
flat in int kind;
out vec4 pixel;

uniform sampler2D signs;
uniform sampler2DShadow sun_map;
uniform sampler2DShadow sky_map;
uniform mat4 sun_matrix;
uniform mat4 sky_matrix;
uniform vec3 eye;
uniform vec3 tint_a;
uniform vec3 tint_b;
uniform vec3 tint_c;
uniform float variety;    // 0..1, one an object
uniform float dirt;
uniform float shadow_metres;  // Side of both shadow maps
uniform float wet;
uniform float haze;       // 1 / metres
uniform vec3 asphalt;     // Colour of this street's surface
uniform float coarse;     // How grainy and stained it is
uniform float paint_wear;

const vec2 kTaps[6] = vec2[](vec2(-0.28, -0.80), vec2(0.80, -0.28), vec2(0.28, 0.80), vec2(-0.80, 0.28), vec2(-0.26, -0.12), vec2(0.26, 0.12));

float sunlit(vec3 n) {
  if (dot(sun_light, vec3(1.0)) < 0.05) return 1.0;
  float slope = clamp(1.0 - dot(n, to_sun), 0.0, 1.0);
  vec3 at = (sun_matrix * vec4(world + n * (0.02 + 0.08 * slope), 1.0)).xyz * 0.5 + 0.5;
  if (any(greaterThan(abs(at - 0.5), vec3(0.499)))) return 1.0;
  float seen = 0.0, blur = 0.05 / shadow_metres;
  for (int tap = 0; tap < 3; ++tap) seen += texture(sun_map, vec3(at.xy + kTaps[tap] * blur, at.z - 0.0008));
  return seen / 3.0;
}

// Share of the sky that is seen: looked up in a map drawn from straight above, near and far.
float skylit() {
  vec3 at = (sky_matrix * vec4(world + vec3(0.0, 0.0, 0.12), 1.0)).xyz * 0.5 + 0.5;
  if (any(greaterThan(abs(at - 0.5), vec3(0.499)))) return 1.0;
  float seen = 0.0;
  for (int tap = 0; tap < 6; ++tap) seen += texture(sky_map, vec3(at.xy + kTaps[tap] / shadow_metres, at.z));
  return mix(0.12, 1.0, seen / 6.0);
}

vec3 around(vec3 d) {  // What a mirror sees: sky over a skyline over ground
  vec3 above = sky(d);
  vec2 bearing = d.xy / (length(d.xy) + 1e-3);
  float skyline = 0.10 + 0.30 * texture(noise, bearing * 0.11 + drift).r;
  float wall = 0.25 + 0.5 * texture(noise, bearing * 0.8 + d.z * 1.3).a;
  vec3 below = mix(sky_light * wall * 0.45, sky_light * asphalt * 0.9, smoothstep(0.02, -0.05, d.z));
  return mix(below, above, smoothstep(skyline - 0.06, skyline + 0.06, d.z));
}

vec3 road(out float sheen) {
  vec2 at = world.xy + variety * 37.0;
  float large = texture(noise, at * 0.021).r, middle = texture(noise, at * 0.13 + 0.3).a, fine = texture(noise, at * 1.1).g;
  float grain = texture(noise, at * 4.3).g;
  float tone = 1.0 + coarse * (0.55 * (large - 0.5) + 0.35 * (middle - 0.5) + 0.30 * (fine - 0.5) + 0.5 * (grain - 0.5));
  float crack = smoothstep(0.955, 0.995, texture(noise, at * 0.07 + 0.7).b) * smoothstep(0.58, 0.75, large);
  tone *= 1.0 - 0.35 * coarse * crack;
  float lane = abs(fract(uv.y) - 0.5);  // uv.y counts lanes: their middle is oily, wheel tracks are polished
  tone *= 1.0 - 0.14 * exp(-lane * lane * 90.0) * middle * coarse + 0.08 * exp(-pow(lane - 0.24, 2.0) * 260.0) * coarse;
  float speck = smoothstep(0.86, 0.92, texture(noise, at * 0.83 + 0.11).g) * smoothstep(0.62, 0.75, texture(noise, at * 0.37).g);
  sheen = wet * smoothstep(0.42, 0.62, large + 0.25 * wet);
  vec3 base = asphalt * tone + vec3(0.35) * speck * step(0.5, coarse);
  return base * (1.0 - 0.45 * wet);
}

vec3 paving() {
  vec2 tile = world.xy / (0.4 + 0.4 * step(0.5, variety));
  vec2 edge = abs(fract(tile) - 0.5), soft = fwidth(tile) + 0.02;
  float joint = max(smoothstep(0.5 - soft.x, 0.5, edge.x), smoothstep(0.5 - soft.y, 0.5, edge.y)) / (1.0 + 12.0 * max(soft.x, soft.y));
  float each = texture(noise, floor(tile) * 0.137).g;
  float stain = texture(noise, world.xy * 0.05).r;
  return colour * (0.75 + 0.2 * each + 0.35 * stain) * (1.0 - 0.4 * joint) * (1.0 - 0.35 * wet);
}

vec3 facade(out float glass) {
  vec2 size = vec2(tint_c.x, tint_c.y), cell = uv / size, part = fract(cell), soft = fwidth(cell) + 1e-4;
  bool shop = uv.y < tint_c.y && variety > 0.35;
  vec2 half_opening = shop ? vec2(0.44, 0.36) : vec2(tint_c.z, 0.28 + 0.12 * variety);
  vec2 off = abs(part - vec2(0.5, shop ? 0.42 : 0.52));
  vec2 edge = smoothstep(half_opening + soft, half_opening - soft, off);
  vec2 rim = smoothstep(half_opening + 0.03 + soft, half_opening + 0.03 - soft, off);
  float each = texture(noise, floor(cell) * 0.173 + variety).g;
  float blank = abs(normal.z) > 0.5 ? 0.0 : 1.0;
  glass = edge.x * edge.y * blank;
  float brick = 1.0;
  if (variety > 0.55) {
    vec2 row = uv / vec2(0.25, 0.08);
    row.x += 0.5 * mod(floor(row.y), 2.0);
    float fade = clamp(1.5 - fwidth(row.y) * 2.0, 0.0, 1.0);
    brick = 1.0 + fade * (0.3 * (texture(noise, floor(row) * 0.117).g - 0.5) - 0.25 * step(0.85, fract(row.y)));
  }
  float grime = 0.7 + 0.45 * texture(noise, uv * vec2(0.03, 0.013) + variety).r;
  vec3 wall = tint_a * colour * grime * brick;
  wall = mix(wall, tint_b, (rim.x * rim.y - edge.x * edge.y) * blank);
  vec3 inside_room = mix(vec3(0.02, 0.022, 0.025), vec3(0.35, 0.33, 0.30), smoothstep(0.55, 0.75, each) * step(part.y, 0.9 - 0.5 * fract(each * 7.0)));
  if (each > 0.72) inside_room += tint_c.z * 0.12;
  return mix(wall, inside_room, glass);
}

vec3 paint(vec3 base) {
  float spot = texture(noise, inside.xz * 0.9 + variety).a;
  float low = smoothstep(0.9, 0.15, inside.z);
  return mix(base, vec3(0.16, 0.14, 0.115), dirt * (0.25 + 0.75 * low) * spot);
}

#if GROUP == MATT
vec3 material(inout vec3 n, out float mirror, out float shine, out float glow) {
  mirror = 0.0; shine = 0.0; glow = 0.0;
  float fine = texture(noise, (kind == 7 || kind == 8 ? world.xy * 0.9 : inside.yz * 1.3) + variety).g;
  if (kind == 7) return paving();
  if (kind == 8) return colour * (0.1 + 0.9 * texture(noise, world.xy * 0.05).a + 0.9 * fine * texture(noise, world.xy * 3.1).g) * mix(vec3(1.25, 1.0, 0.8), vec3(1.0), texture(noise, world.xy * 0.021).r);
  if (kind == 13) return pow(texture(signs, uv).rgb, vec3(2.2)) * (1.0 - 0.3 * dirt);
  if (kind == 15) return colour * (abs(fract(inside.y * 13.0) - 0.5) < 0.2 && abs(inside.y) < 0.21 ? 0.35 : 1.0);
  vec3 tint = kind == 10 ? tint_a : kind == 11 ? tint_b : kind == 12 ? tint_c : vec3(1.0);
  return colour * tint * (kind >= 10 && gloss < 0.2 ? 0.8 + 0.4 * fine : 1.0);
}
#elif GROUP == GLOSSY
vec3 material(inout vec3 n, out float mirror, out float shine, out float glow) {
  glow = kind == 5 ? 0.55 : 0.0;
  mirror = kind == 2 ? 0.10 : 0.05;
  shine = kind == 2 ? 1.0 : kind == 1 ? 0.9 : 0.6;
  return kind == 1 ? paint(colour * tint_a) : colour;
}
#elif GROUP == FACADE
vec3 material(inout vec3 n, out float mirror, out float shine, out float glow) {
  glow = 0.0;
  vec3 base = facade(shine);
  mirror = 0.08 * shine;
  return base;
}
#elif GROUP == LEAVES
vec3 material(inout vec3 n, out float mirror, out float shine, out float glow) {
  mirror = 0.0; shine = 0.0; glow = 0.0;
  n = normalize(n + vec3(0.0, 0.0, 0.4));
  return tint_a * colour * (0.6 + 0.8 * texture(noise, world.xz * 0.35).g);
}
#else
vec3 material(inout vec3 n, out float mirror, out float shine, out float glow) {
  glow = 0.0;
  vec3 base = road(shine);
  mirror = 0.025 * shine;
  if (kind == 9) {
    float worn = texture(noise, world.xy * 0.33 + 0.2).a * 0.6 + texture(noise, world.xy * 1.9).g * 0.5;
    base = mix(colour * (1.0 - 0.25 * wet), base, smoothstep(1.0 - paint_wear, 1.15 - paint_wear, worn));
  }
  return base;
}
#endif

void main() {
  vec3 view = normalize(eye - world), n = normalize(normal);
  if (GROUP != LEAVES && dot(n, view) < 0.0) n = -n;
  float mirror, shine, glow;
  vec3 base = material(n, mirror, shine, glow);
  float shade = sunlit(n), lit = shade * max(dot(n, to_sun), 0.0), open = skylit();
  vec3 bounce = sky_light * asphalt * 0.55 + sun_light * max(to_sun.z, 0.0) * asphalt * 0.35;
  vec3 ambient = mix(bounce, sky_light, n.z * 0.5 + 0.5) * (n.z > 0.7 ? open : 0.35 + 0.65 * open);
#if GROUP == LEAVES
  vec3 light = base * (sun_light * (lit * 0.75 + vec3(0.11, 0.12, 0.05)) + ambient);
#else
  vec3 light = base * (sun_light * lit + ambient);
#endif
#if GROUP == GLOSSY || GROUP == FACADE || (GROUP == STREET && WET)
  vec3 r = reflect(-view, n);
#if GROUP == STREET
  r = normalize(r + vec3(texture(noise, world.xy * 1.7).rg - 0.5, 0.0) * 0.15);
#endif
#if GROUP == FACADE
  vec3 seen = mix(sky_light * 0.3, mix(horizon, zenith, max(r.z, 0.0)), step(0.15, r.z));
#else
  vec3 seen = around(r);
#endif
  float fresnel = mirror + (1.0 - mirror) * pow(1.0 - clamp(dot(n, view), 0.0, 1.0), 5.0) * shine;
  light = light * (1.0 - fresnel) + seen * fresnel * (n.z > 0.7 ? mix(0.4, 1.0, open) : 1.0);
  light += sun_light * shade * pow(max(dot(n, normalize(view + to_sun)), 0.0), 240.0) * 5.0 * shine * step(0.5, gloss);
  light += colour * glow * (0.3 + max(max(sky_light.r, sky_light.g), sky_light.b) * 0.7 + (gloss < 0.5 ? 1.2 : 0.0));
#endif
  float distance = length(eye - world);
  vec3 air = mix(horizon, sky_light, 0.25);
  pixel = vec4(develop(mix(air, light, exp(-distance * haze))), 1.0);
}
