// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Reproducible random streams. Each user of randomness owns a stream named by (seed, purpose,
 * index), so that adding one consumer never shifts the numbers of another.
 */
#ifndef TDM_CORE_RANDOM_H
#define TDM_CORE_RANDOM_H

#include <stdint.h>

/** xoshiro256++ (Blackman and Vigna, ACM TOMS 47(4), 2021), seeded through SplitMix64. */
struct tdm_random {
    uint64_t state[4];
};

void tdm_random_seed(struct tdm_random *random, uint64_t seed, const char *purpose, uint64_t index);

static inline uint64_t tdm_random_next(struct tdm_random *random)
{
    uint64_t *s = random->state;
    const uint64_t sum = s[0] + s[3];
    const uint64_t result = ((sum << 23) | (sum >> 41)) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/** Uniform in [0, 1). */
static inline double tdm_random_uniform(struct tdm_random *random)
{
    return (double)(tdm_random_next(random) >> 11) * 0x1.0p-53;
}

/** Uniform integer in [0, n), n >= 1, without bias (Lemire's method). */
uint64_t tdm_random_below(struct tdm_random *random, uint64_t n);
/** Exponential with the given mean. */
double tdm_random_exponential(struct tdm_random *random, double mean);
/** Standard normal (polar method). */
double tdm_random_normal(struct tdm_random *random);

#endif
