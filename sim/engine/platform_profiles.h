// SPDX-License-Identifier: GPL-3.0-or-later
/** The profiles of bandwidths that a SimGrid platform file names. */
#ifndef TDM_ENGINE_PLATFORM_PROFILES_H
#define TDM_ENGINE_PLATFORM_PROFILES_H

#include <stddef.h>

struct tdm_error;

/**
 * Looks for bandwidths that are not above 0: SimGrid passes over them without a word, and what is
 * under way goes on at the rate before. -1 with `error` naming the profile and its line. What else
 * is wrong with a profile is left for SimGrid to say. `text` is that of the platform at `path`.
 */
int tdm_platform_check_profiles(const char *path, const char *text, size_t length,
                                struct tdm_error *error);

#endif
