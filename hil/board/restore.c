// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/restore.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hil/board/timely.h"

const double tdm_restore_patience = 1;

void tdm_say(const struct tdm_saying *saying, const char *format, ...)
{
    char line[640];
    va_list args;
    if (!saying || !saying->say)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    saying->say(saying->context, line);
}

struct restoring {
    struct tdm_hw *hw;
    const struct tdm_saved *saved;
    const struct tdm_saying *saying;
};

static bool same(const char *a, const char *b)
{
    char *end_a, *end_b;
    const double x = strtod(a, &end_a), y = strtod(b, &end_b);
    return strcmp(a, b) == 0 || (end_a != a && end_b != b && !*end_a && !*end_b && x == y);
}

// What is as it was is left alone. 0, or -errno.
static int put(const struct restoring *r, const struct tdm_saved_value *value)
{
    char now[TDM_KNOB_TEXT];
    if (tdm_timely_text(r->hw, &value->spot, now, tdm_restore_patience) >= 0 &&
        same(now, value->text))
        return 0;
    return tdm_timely_put(r->hw, &value->spot, value->text, tdm_restore_patience);
}

static bool is(const struct tdm_saved_value *value, const char *knob)
{
    return strcmp(value->knob, knob) == 0;
}

// Writes all values of a knob; of `only`, if it is not NULL, those with this text.
static void put_all(const struct restoring *r, const char *knob, const char *only)
{
    for (size_t i = 0; i < r->saved->count; i++) {
        const struct tdm_saved_value *value = &r->saved->values[i];
        if (is(value, knob) && (!only || strcmp(value->text, only) == 0))
            put(r, value);
    }
}

// The value of `knob` in the same folder as `value`'s file.
static const struct tdm_saved_value *beside(const struct restoring *r,
                                            const struct tdm_saved_value *value, const char *knob)
{
    const size_t folder = (size_t)(strrchr(value->spot.path, '/') - value->spot.path) + 1;
    for (size_t i = 0; i < r->saved->count; i++) {
        const struct tdm_saved_value *other = &r->saved->values[i];
        if (is(other, knob) && strncmp(other->spot.path, value->spot.path, folder) == 0 &&
            !strchr(other->spot.path + folder, '/'))
            return other;
    }
    return NULL;
}

// JetPack 4 refuses a minimum above the maximum: raising begins with the maximum, lowering with the
// minimum. If what there is cannot be read, one of the two ways works.
static void put_limits(const struct restoring *r, const char *least, const char *most)
{
    for (size_t i = 0; i < r->saved->count; i++) {
        char now[TDM_KNOB_TEXT];
        const struct tdm_saved_value *max = &r->saved->values[i];
        if (!is(max, most))
            continue;
        const struct tdm_saved_value *min = beside(r, max, least);
        const bool known =
            tdm_timely_text(r->hw, &max->spot, now, tdm_restore_patience) >= 0 && now[0];
        const bool raise = known && strtod(max->text, NULL) > strtod(now, NULL);
        if (min && !raise)
            put(r, min);
        const int result = put(r, max);
        if (min && (raise || !known || result))
            put(r, min);
    }
}

static void put_cpu(const struct restoring *r)
{
    put_all(r, "cpu-governor", NULL);
    put_limits(r, "cpu-min", "cpu-max");
    put_all(r, "cpu-set", NULL);
}

static void put_gpu(const struct restoring *r)
{
    put_all(r, "gpu-governor", NULL);
    put_limits(r, "gpu-min", "gpu-max");
    put_all(r, "gpu-railgate", NULL);
}

// The rate while it is still locked, and then the lock: unlocked, the clock goes its own way again.
// 0: there never was a rate. The cap comes last, as always when a clock goes down.
static void put_emc(const struct restoring *r)
{
    static const char *const knobs[] = {"emc-update", "emc-rate"};
    for (size_t k = 0; k < sizeof knobs / sizeof *knobs; k++)
        for (size_t i = 0; i < r->saved->count; i++)
            if (is(&r->saved->values[i], knobs[k]) && strcmp(r->saved->values[i].text, "0") != 0)
                put(r, &r->saved->values[i]);
    put_all(r, "emc-lock", NULL);
    put_all(r, "emc-state", NULL);
    put_all(r, "emc-cap", NULL);
}

void tdm_restore_domain(struct tdm_hw *hw, const struct tdm_saved *saved, enum tdm_domain domain,
                        const struct tdm_saying *saying)
{
    static void (*const ways[TDM_DOMAINS])(const struct restoring *) = {put_cpu, put_gpu, put_emc};
    ways[domain](&(struct restoring){hw, saved, saying});
}

// ---- checking ----------------------------------------------------------------------------------

static bool locked(const struct restoring *r)
{
    for (size_t i = 0; i < r->saved->count; i++)
        if (is(&r->saved->values[i], "emc-lock") && strcmp(r->saved->values[i].text, "0") != 0)
            return true;
    return false;
}

// An unlocked memory clock is what the kernel makes it; the files of CPUs that are offline again
// are gone, as they were.
static bool may_differ(const struct restoring *r, const struct tdm_saved_value *value, int result)
{
    if (is(value, "emc-rate") || is(value, "emc-update"))
        return !locked(r);
    return value->later && (result == -ENOENT || result == -ENODEV);
}

static int check(const struct restoring *r)
{
    int wrong = 0;
    for (size_t i = 0; i < r->saved->count; i++) {
        char now[TDM_KNOB_TEXT];
        const struct tdm_saved_value *value = &r->saved->values[i];
        const int result = tdm_timely_text(r->hw, &value->spot, now, tdm_restore_patience);
        if ((result >= 0 && same(now, value->text)) || may_differ(r, value, result))
            continue;
        wrong++;
        if (result < 0)
            tdm_say(r->saying, "%s was %s and cannot be read any more: %s", value->spot.path,
                    value->text, strerror(-result));
        else
            tdm_say(r->saying, "%s was %s and is %s: it could not be put back", value->spot.path,
                    value->text, now);
    }
    return wrong;
}

static void settle(const struct tdm_board *board)
{
    double longest = 0;
    for (int i = 0; i < TDM_DOMAINS; i++)
        if (board->domain[i]->settle > longest)
            longest = board->domain[i]->settle;
    const struct timespec time = {(time_t)longest,
                                  (long)((longest - (double)(time_t)longest) * 1e9)};
    nanosleep(&time, NULL);
}

// CPUs that were offline and have been online meanwhile remember their clocks: once more, then.
static bool has_later(const struct restoring *r)
{
    for (size_t i = 0; i < r->saved->count; i++)
        if (r->saved->values[i].later)
            return true;
    return false;
}

static void all_online(const struct restoring *r)
{
    for (size_t i = 0; i < r->saved->count; i++)
        if (is(&r->saved->values[i], "cpu-online"))
            tdm_timely_put(r->hw, &r->saved->values[i].spot, "1", tdm_restore_patience);
}

static void put_back(const struct restoring *r)
{
    put_all(r, "cpu-online", "1");
    if (has_later(r))
        all_online(r);
    put_cpu(r);
    put_gpu(r);
    put_emc(r);
    put_all(r, "fan", NULL);
    put_all(r, "cpu-online", "0");
}

int tdm_restore(struct tdm_hw *hw, const struct tdm_saved *saved, const struct tdm_saying *saying)
{
    const struct restoring r = {hw, saved, saying};
    // What another daemon writes in between is put right by a second go.
    for (int attempt = 0; attempt < 2; attempt++) {
        put_back(&r);
        settle(tdm_hw_board(hw));
        const struct tdm_saying none = {NULL, NULL};
        if (check(&(struct restoring){hw, saved, &none}) == 0)
            return 0;
    }
    return check(&r);
}
