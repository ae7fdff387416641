// SPDX-License-Identifier: GPL-3.0-or-later
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hil_sweep.h"
#include "core/error.h"
#include "core/units.h"

enum { MOST_SETTINGS = 1000000, TRIES = 200 /* a setting, of the sequence */ };

// The clocks of one domain that take part; none that can be read: the kernel governs.
struct clocks {
    double hz[TDM_AGENT_OPPS];
    size_t count;
};

static int add_clock(struct clocks *clocks, const double *table, int count, const char *text,
                     enum tdm_domain domain, struct tdm_error *error)
{
    double hz = 0;
    if (strcmp(text, "top") == 0 || strcmp(text, "lowest") == 0)
        hz = table[text[0] == 't' ? count - 1 : 0];
    else if (tdm_quantity_parse(text, TDM_FREQUENCY, &hz, error))
        return -1;
    int nearest = 0;
    for (int i = 1; i < count; i++)
        if (fabs(table[i] - hz) < fabs(table[nearest] - hz))
            nearest = i;
    if (fabs(table[nearest] - hz) > 1e-3 * hz)
        return tdm_fail(error, "the board has no %s clock of '%.32s'; the nearest is %.6g MHz",
                        tdm_domain_names[domain], text, 1e-6 * table[nearest]);
    if (clocks->count == TDM_AGENT_OPPS)
        return tdm_fail(error, "too many %s clocks", tdm_domain_names[domain]);
    clocks->hz[clocks->count++] = table[nearest];
    return 0;
}

static int choose(struct clocks *clocks, const struct tdm_agent_welcome *board,
                  enum tdm_domain domain, const char *list, struct tdm_error *error)
{
    const double *table = board->opps[domain].hz;
    const int count = board->opps[domain].count;
    char text[1024], *rest = NULL;
    clocks->count = 0;
    if (list && count == 0)
        return tdm_fail(error, "the board's %s clocks cannot be read", tdm_domain_names[domain]);
    if (!list) {
        memcpy(clocks->hz, table, (size_t)count * sizeof *table);
        clocks->count = (size_t)count;
        if (count == 0)
            clocks->hz[clocks->count++] = NAN;
        return 0;
    }
    if ((size_t)snprintf(text, sizeof text, "%s", list) >= sizeof text)
        return tdm_fail(error, "the list of %s clocks is too long", tdm_domain_names[domain]);
    for (char *name = strtok_r(text, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        if (add_clock(clocks, table, count, name + strspn(name, " "), domain, error))
            return -1;
    return clocks->count ? 0 : tdm_fail(error, "no %s clock is named", tdm_domain_names[domain]);
}

static void put(double setting[TDM_DOMAINS], const struct clocks *clocks, const size_t *index)
{
    for (int d = 0; d < TDM_DOMAINS; d++)
        setting[d] = clocks[d].hz[index[d]];
}

static void all(struct tdm_sweep_settings *settings, const struct clocks *clocks, size_t total)
{
    for (size_t i = 0; i < total; i++) {
        size_t index[TDM_DOMAINS], left = i;
        for (int d = TDM_DOMAINS; d-- > 0; left /= clocks[d].count)
            index[d] = left % clocks[d].count;
        put(settings->hz[settings->count++], clocks, index);
    }
}

// All are from the same tables; a clock that the kernel governs is NAN in all of them.
static bool same(const double a[TDM_DOMAINS], const double b[TDM_DOMAINS])
{
    for (int d = 0; d < TDM_DOMAINS; d++)
        if (a[d] < b[d] || a[d] > b[d])
            return false;
    return true;
}

static bool is_new(const struct tdm_sweep_settings *settings, const double setting[TDM_DOMAINS])
{
    for (size_t i = 0; i < settings->count; i++)
        if (same(settings->hz[i], setting))
            return false;
    return true;
}

// The highest and the lowest; then a Sobol sequence, whose points fill the grid evenly however many
// are taken.
static int spread(struct tdm_sweep_settings *settings, const struct clocks *clocks, size_t count,
                  struct tdm_error *error)
{
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, TDM_DOMAINS);
    if (!sequence)
        return tdm_fail(error, "out of memory");
    for (size_t tries = 0; settings->count < count && tries < TRIES * count; tries++) {
        double point[TDM_DOMAINS], *setting = settings->hz[settings->count];
        size_t index[TDM_DOMAINS];
        if (tries >= 2)
            gsl_qrng_get(sequence, point);
        for (int d = 0; d < TDM_DOMAINS; d++)
            index[d] = tries == 0   ? clocks[d].count - 1
                       : tries == 1 ? 0
                                    : (size_t)(point[d] * (double)clocks[d].count);
        put(setting, clocks, index);
        if (is_new(settings, setting))
            settings->count++;
    }
    gsl_qrng_free(sequence);
    return 0;
}

int tdm_sweep_settings(struct tdm_sweep_settings *settings, const struct tdm_agent_welcome *board,
                       const char *const lists[TDM_DOMAINS], size_t count, struct tdm_error *error)
{
    struct clocks clocks[TDM_DOMAINS];
    size_t total = 1;
    *settings = (struct tdm_sweep_settings){0};
    for (int d = 0; d < TDM_DOMAINS; d++) {
        if (choose(&clocks[d], board, (enum tdm_domain)d, lists[d], error))
            return -1;
        total *= clocks[d].count;
    }
    const bool some = count > 0 && count < total;
    if (!some && total > MOST_SETTINGS)
        return tdm_fail(error, "these are %zu settings: choose some, with --count N", total);
    settings->hz = calloc((some ? count : total) + 1, sizeof *settings->hz);
    if (!settings->hz)
        return tdm_fail(error, "out of memory");
    if (some)
        return spread(settings, clocks, count, error);
    all(settings, clocks, total);
    return 0;
}
