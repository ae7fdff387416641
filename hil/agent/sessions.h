// SPDX-License-Identifier: GPL-3.0-or-later
/** The sessions of hosts with an agent: who asks, and which of their requests are new. */
#ifndef TDM_AGENT_SESSIONS_H
#define TDM_AGENT_SESSIONS_H

#include "hil/wire/order.h"

enum { TDM_SESSIONS = 128 };

/** Zeros: none yet. */
struct tdm_sessions {
    struct {
        uint64_t id;     /**< random; 0: a free place */
        uint64_t number; /**< the highest that it has used */
        uint64_t used;   /**< when: rises */
    } list[TDM_SESSIONS];
    uint64_t count; /**< uses so far */
};

/**
 * A new session for a hello of this number, in the place of the one that was silent for longest,
 * but not of `kept`. 0: the system has no random numbers.
 */
uint64_t tdm_sessions_greet(struct tdm_sessions *sessions, uint64_t number, uint64_t kept);

/** Whether the next request of a session is one; `reason` of a refusal. */
enum tdm_refusal tdm_sessions_check(struct tdm_sessions *sessions, uint64_t id, uint64_t number,
                                    const char **reason);

#endif
