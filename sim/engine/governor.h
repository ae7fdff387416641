// SPDX-License-Identifier: GPL-3.0-or-later
/** What sets a domain's clock when no plan does, after the kernel's governors. */
#ifndef TDM_ENGINE_GOVERNOR_H
#define TDM_ENGINE_GOVERNOR_H

#include "model/board.h"

struct tdm_governor_type {
    const char *name;
    const char *summary;
    /** The next OPP, from the one in force and the utilisation (0 to 1) since the last look. */
    int (*next)(const struct tdm_domain_info *domain, int opp, double utilisation);
};

/** By enum tdm_governor; the memory's floor table has no entry (NULL). */
extern const struct tdm_governor_type *const tdm_governors[TDM_GOVERNORS];

#endif
