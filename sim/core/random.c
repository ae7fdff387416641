// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/random.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

// FNV-1a, so that purposes can be plain words.
static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3;
    return h;
}

void tdm_random_seed(struct tdm_random *random, uint64_t seed, const char *purpose, uint64_t index)
{
    uint64_t x = seed;
    x = splitmix64(&x) ^ hash(purpose);
    x = splitmix64(&x) ^ index;
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix64(&x);
}

uint64_t tdm_random_below(struct tdm_random *random, uint64_t n)
{
    wide product = (wide)tdm_random_next(random) * n;
    if ((uint64_t)product < n) {
        const uint64_t threshold = -n % n;
        while ((uint64_t)product < threshold)
            product = (wide)tdm_random_next(random) * n;
    }
    return (uint64_t)(product >> 64);
}

double tdm_random_exponential(struct tdm_random *random, double mean)
{
    return -mean * log1p(-tdm_random_uniform(random));
}

double tdm_random_normal(struct tdm_random *random)
{
    double x, s;
    do {
        x = 2 * tdm_random_uniform(random) - 1;
        const double y = 2 * tdm_random_uniform(random) - 1;
        s = x * x + y * y;
    } while (s >= 1 || s == 0);
    return x * sqrt(-2 * log(s) / s);
}
