// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 24 };
#define BETWEEN 0.1  // s
#define PATIENCE 0.3 // s: what ends sooner needs no bar

// Coarse is exact to some ms, and three times cheaper to ask: this is asked in inner loops.
static double coarse_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool is_terminal(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && !(term && strcmp(term, "dumb") == 0);
}

void tdm_progress_start_on(struct tdm_progress *p, FILE *stream, const char *what, const char *unit,
                           double total, double now)
{
    *p = (struct tdm_progress){.stream = stream,
                               .what = what,
                               .unit = unit,
                               .total = total,
                               .started = now,
                               .shown = now + PATIENCE - BETWEEN};
}

void tdm_progress_start(struct tdm_progress *p, const char *what, const char *unit, double total)
{
    tdm_progress_start_on(p, is_terminal(stderr) ? stderr : NULL, what, unit, total, coarse_now());
}

// "950", "12.3k", "4.56M"
static char *count_text(double count, char *text, size_t size)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    int p = 0;
    for (; count >= 999.5 && p < 4; p++)
        count /= 1000;
    snprintf(text, size, "%.*f%s",
             count >= 99.95 || p == 0 ? 0
             : count >= 9.995         ? 1
                                      : 2,
             count, prefixes[p]);
    return text;
}

// "0:07", "12:30", "3:05:00"
static char *clock_text(double seconds, char *text, size_t size)
{
    if (!(seconds < 360000)) // 100 h; also what is not known
        snprintf(text, size, "-:--");
    else if (seconds < 3600)
        snprintf(text, size, "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(text, size, "%d:%02d:%02d", (int)seconds / 3600, (int)seconds / 60 % 60,
                 (int)seconds % 60);
    return text;
}

static void draw(struct tdm_progress *p, double done, double now)
{
    char rate[32] = "", left[32], bar[BAR + 1];
    const double share = p->total > 0 ? fmin(fmax(done / p->total, 0), 1) : 0;
    const double passed = now - p->started;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)(share * BAR));
    bar[BAR] = '\0';
    clock_text(share > 0 ? passed * (1 / share - 1) : INFINITY, left, sizeof left);
    fprintf(p->stream, "\r%s [%s] %3.0f %%", p->what, bar, floor(100 * share));
    if (p->unit)
        fprintf(p->stream, "  %s %s/s",
                count_text(passed > 0 ? done / passed : 0, rate, sizeof rate), p->unit);
    fprintf(p->stream, "  %s left\x1b[K", left);
    fflush(p->stream);
    p->drawn = true;
}

void tdm_progress_update_at(struct tdm_progress *p, double done, double now)
{
    if (!p->stream || now - p->shown < BETWEEN)
        return;
    p->shown = now;
    draw(p, done, now);
}

void tdm_progress_update(struct tdm_progress *p, double done)
{
    if (p->stream)
        tdm_progress_update_at(p, done, coarse_now());
}

void tdm_progress_end(struct tdm_progress *p)
{
    if (p->stream && p->drawn) {
        fputs("\r\x1b[K", p->stream);
        fflush(p->stream);
    }
    p->stream = NULL;
    p->drawn = false;
}
