"""The painter's shading programs (GLSL 4.3): paint with clear coat, glass, lamps, shadows; road under and
beside vehicles.
"""

SHADOW_VERTEX = """
#version 430
in vec3 place;
uniform mat4 model;
uniform vec3 sun;
uniform vec4 area;   // x low, x high, y low, y high of the shadow picture on z = 0, metres
void main() {
    vec3 p = (model * vec4(place, 1)).xyz;
    vec2 foot = p.xy - sun.xy / sun.z * p.z;
    vec2 at = (foot - area.xz) / (area.yw - area.xz) * 2.0 - 1.0;
    gl_Position = vec4(at, 1.0 - p.z / 6.0 * 2.0, 1.0);
}
"""

SHADOW_FRAGMENT = """
#version 430
void main() {}
"""

LIGHTING = """
uniform vec3 sun;
uniform vec3 sun_light;
uniform vec4 area;
uniform sampler2D near_shadow;
uniform sampler2D far_shadow;
uniform mat3 far_axes;
uniform vec3 far_origin;
uniform float far_span;

float traffic_sun(vec3 p, float bias, float reach) {
    vec2 foot = p.xy - sun.xy / sun.z * p.z;
    vec2 at = (foot - area.xz) / (area.yw - area.xz);
    float here = clamp(1.0 - p.z / 6.0, 0.0, 1.0) - bias;
    vec2 texel = vec2(reach) / (area.yw - area.xz);
    float lit = 0.0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            lit += step(here, texture(near_shadow, at + (vec2(i, j) - 0.5) * texel).r);
    return lit / 4.0;
}

float place_sun(vec3 p) {
    vec3 local = far_axes * (p - far_origin);
    vec2 at = vec2(local.x, -local.y) / far_span + 0.5;
    float depth = -local.z - 0.25;
    float lit = 0.0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            lit += step(depth, texture(far_shadow, at + (vec2(i, j) - 0.5) * 2.2 / 2048.0).r);
    return lit / 4.0;
}
"""

VEHICLE_VERTEX = """
#version 430
in vec3 place;
in vec3 normal;
in vec2 corner;
in float share;
in float material;
uniform mat4 model;
uniform mat4 view;
out vec3 world;
out vec3 facing;
out vec2 uv;
out float sky_share;
flat out int number;
void main() {
    vec4 p = model * vec4(place, 1);
    world = p.xyz;
    facing = mat3(model) * normal;
    uv = corner;
    sky_share = share;
    number = int(material + 0.5);
    gl_Position = view * p;
}
"""

VEHICLE_FRAGMENT = (
    """
#version 430
in vec3 world;
in vec3 facing;
in vec2 uv;
in float sky_share;
flat in int number;
uniform vec3 eye;
uniform sampler2D materials;
uniform sampler2D around;
uniform sampler2D soft;
uniform sampler2D plate;
uniform int kind;          // 0 body, 1 plate
uniform int destination;
uniform float braking;
uniform int brake_lamp;
uniform vec4 identity;
layout(location = 0) out vec4 colour;
layout(location = 1) out vec4 who;
"""
    + LIGHTING
    + """
const float PI = 3.14159265;
vec2 direction(vec3 d) {   // octahedral map: up in the middle, down in the corners
    vec2 p = d.xy / (abs(d.x) + abs(d.y) + abs(d.z));
    vec2 folded = (1.0 - abs(p.yx)) * vec2(p.x < 0.0 ? -1.0 : 1.0, p.y < 0.0 ? -1.0 : 1.0);
    return (d.z < 0.0 ? folded : p) * 0.5 + 0.5;
}
float glint(vec3 n, vec3 v, float rough) {
    vec3 h = normalize(v + sun);
    float a = rough * rough, nh = max(dot(n, h), 0.0), d = nh * nh * (a * a - 1.0) + 1.0;
    return a * a / (PI * d * d) * 0.25;
}
void main() {
    who = identity;
    vec3 v = normalize(eye - world), n = normalize(facing);
    if (dot(n, v) < 0.0) n = -n;
    vec4 one = texelFetch(materials, ivec2(0, number), 0), two = texelFetch(materials, ivec2(1, number), 0);
    vec3 albedo = one.rgb;
    float rough = one.a, metal = two.r, spec = two.g, coat = two.b, glow = two.a;
    if (kind == 1) {
        albedo = pow(texture(plate, uv).rgb, vec3(2.2)) * 0.82;
        rough = 0.45; metal = 0.0; spec = 0.5; coat = 0.0; glow = 0.0;
    }
    if (number == brake_lamp && kind == 0) glow *= 1.0 + 5.0 * braking;
    if (number == destination && kind == 0) {
        vec2 cell = floor(uv * vec2(84.0, 13.0)), letter = floor(cell / vec2(7.0, 13.0));
        float chance = fract(sin(dot(cell, vec2(12.99, 78.23)) + letter.x * 3.1) * 43758.5);
        float on = step(0.42, chance);
        bool inside = mod(cell.x, 7.0) < 5.0 && cell.y > 2.0 && cell.y < 10.0
            && letter.x > 0.5 && letter.x < 10.5;
        if (inside && on > 0.5) { albedo = vec3(1.0, 0.42, 0.04); glow = 1.6; }
    }
    float lit = traffic_sun(world + n * 0.03, 0.006, 0.02) * place_sun(world);
    float ns = max(dot(n, sun), 0.0), nv = max(dot(n, v), 0.02);
    vec3 sky = texture(soft, direction(n)).rgb;
    vec3 diffuse = albedo * (1.0 - metal) * (sky * sky_share + sun_light / PI * ns * lit);
    vec3 r = reflect(-v, n);
    float level = clamp(rough * 7.0, 0.0, 7.0);
    vec3 f0 = mix(vec3(0.08 * spec), albedo, metal);
    vec3 f = f0 + (max(vec3(1.0 - rough), f0) - f0) * pow(1.0 - nv, 5.0);
    float open = clamp(pow(nv + sky_share, 16.0 * rough) - 1.0 + sky_share, 0.0, 1.0);
    open = mix(open, sky_share, 0.5);
    float hit = ns > 0.0 ? lit : 0.0;
    vec3 mirror = textureLod(around, direction(r), level).rgb * open
        + sun_light * hit * ns * min(glint(n, v, max(rough, 0.12)), 12.0);
    vec3 total = diffuse + f * mirror + albedo * glow;
    if (coat > 0.0) {
        float fc = coat * (0.04 + 0.96 * pow(1.0 - nv, 5.0));
        vec3 clear = textureLod(around, direction(r), 0.6).rgb * mix(1.0, sky_share, 0.7)
            + sun_light * hit * ns * min(glint(n, v, 0.09), 40.0);
        total = total * (1.0 - fc) + fc * clear;
    }
    colour = vec4(min(total, vec3(5.0)), 1.0);
}
"""
)

SCREEN_VERTEX = """
#version 430
in vec2 at;
out vec2 uv;
void main() { uv = at * 0.5 + 0.5; gl_Position = vec4(at, 0, 1); }
"""

GROUND_FRAGMENT = (
    """
#version 430
in vec2 uv;
uniform sampler2D sky_part;
uniform sampler2D sun_part;
uniform sampler2D still_depth;
uniform mat3 axes;
uniform vec3 eye;
uniform vec2 half_size;    // half the frame over the focal length
uniform sampler2DArray shades;
uniform int count;
uniform vec4 pose[32];     // x, y, cos, sin
uniform vec2 extent[32];   // half length and half width of each shade picture
out vec4 colour;
"""
    + LIGHTING
    + """
void main() {
    float depth = texture(still_depth, uv).r;
    vec2 at = (uv * 2.0 - 1.0) * half_size;
    vec3 p = eye + depth * (at.x * axes[0] + at.y * axes[1] + axes[2]);
    float lit = 1.0, open = 1.0;
    if (depth < 200.0) {
        lit = 0.5 * traffic_sun(p, 0.004, 0.016) + 0.5 * traffic_sun(p, 0.004, 0.034);
        if (p.z < 0.4)
            for (int i = 0; i < count; i++) {
                vec2 d = p.xy - pose[i].xy;
                vec2 local = vec2(d.x * pose[i].z + d.y * pose[i].w,
                                  -d.x * pose[i].w + d.y * pose[i].z) / extent[i];
                if (max(abs(local.x), abs(local.y)) < 1.0)
                    open *= texture(shades, vec3(local * 0.5 + 0.5, float(i))).r;
            }
    }
    colour = vec4(texture(sky_part, uv).rgb * open + texture(sun_part, uv).rgb * lit, 1.0);
}
"""
)

DEPTH_FRAGMENT = """
#version 430
in vec2 uv;
uniform sampler2D still_depth;
uniform vec2 planes;   // nearest and farthest distance, metres
out vec4 colour;
void main() {
    float depth = min(texture(still_depth, uv).r * 1.004 + 0.05, planes.y * 0.999);
    float ndc = (planes.y + planes.x - 2.0 * planes.x * planes.y / depth) / (planes.y - planes.x);
    gl_FragDepth = ndc * 0.5 + 0.5;
    colour = vec4(0);
}
"""

SHRINK_FRAGMENT = """
#version 430
in vec2 uv;
uniform sampler2D source;
out vec4 colour;
void main() { colour = texture(source, uv); }
"""
