// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/sessions.h"

#include <sys/random.h>

static int find(const struct tdm_sessions *sessions, uint64_t id)
{
    for (int i = 0; i < TDM_SESSIONS; i++)
        if (sessions->list[i].id == id)
            return i;
    return -1;
}

uint64_t tdm_sessions_greet(struct tdm_sessions *sessions, uint64_t number, uint64_t kept)
{
    uint64_t id = 0;
    int oldest = -1;
    while (!id || find(sessions, id) >= 0)
        if (getrandom(&id, sizeof id, 0) != sizeof id)
            return 0;
    for (int i = 0; i < TDM_SESSIONS; i++)
        if ((!kept || sessions->list[i].id != kept) &&
            (oldest < 0 || sessions->list[i].used < sessions->list[oldest].used))
            oldest = i;
    sessions->list[oldest].id = id;
    sessions->list[oldest].number = number;
    sessions->list[oldest].used = ++sessions->count;
    return id;
}

enum tdm_refusal tdm_sessions_check(struct tdm_sessions *sessions, uint64_t id, uint64_t number,
                                    const char **reason)
{
    const int at = id ? find(sessions, id) : -1;
    *reason = "no session of this agent's: it was started anew, or has forgotten";
    if (at < 0)
        return TDM_REFUSAL_STALE;
    *reason = "a number that is not above all before it";
    if (number <= sessions->list[at].number)
        return TDM_REFUSAL_ORDER;
    sessions->list[at].number = number;
    sessions->list[at].used = ++sessions->count;
    return TDM_REFUSAL_NONE;
}
