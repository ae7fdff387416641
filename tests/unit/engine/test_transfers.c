// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Transfers over rates that change, against an integrator of the test's own: from event to event
 * (a rate changes, a request comes, a transfer is through) it shares out the rates of that moment
 * by water filling and moves the bytes. Traces are random, fall silent for a fifth of the time, and
 * have lengths and offsets of their own.
 *
 * What boards send takes the whole of a request: the server takes no time and answers no bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/random.h"
#include "world.h"
#include "forked.h"
#include "played.h"

enum { MOST_SAMPLES = 12, MOST_LINES = 8, MOST_BOARDS = 6, MOST_REQUESTS = 400 };
static const double bytes_each = 100e3, duration = 120;

static struct tdm_plan all;

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    world_write(&world, "up.xml", world_dnn, "out=\"4000 B\"", "out=\"0 B\"", NULL);
    world_write(&world, "instant.xml", world_server, "flop=\"100 GFLOP/s\" efficiency=\"10 %\"",
                "flop=\"1e6 TFLOP/s\" efficiency=\"100 %\"", "overhead=\"2 ms\"",
                "overhead=\"0 s\"", "slots=\"1\"", "slots=\"1000\"", NULL);
    all = world_sent(2, 3, 2, 0, 1, 32);
    *state = &world;
    return 0;
}

// ---- the test's own lines ----------------------------------------------------------------------

// A link or a cell: its rate over time, in kbit/s as its file has it.
struct line {
    char name[16];
    size_t count;
    double t[MOST_SAMPLES], rate[MOST_SAMPLES], duration, offset;
    bool loop;
};

static struct line constant_line(const char *name, double rate)
{
    struct line line = {.count = 1, .rate = {rate}, .duration = 1, .loop = true};
    snprintf(line.name, sizeof line.name, "%s", name);
    return line;
}

// Steps of whole ms, so that what the file says is what the integrator has.
static struct line changing_line(struct tdm_random *random, const char *name)
{
    struct line line = {.loop = tdm_random_uniform(random) < 0.8};
    snprintf(line.name, sizeof line.name, "%s", name);
    line.count = 2 + (size_t)tdm_random_below(random, MOST_SAMPLES - 1);
    double now = 0;
    for (size_t i = 0; i < line.count; i++) {
        line.t[i] = now / 1000;
        now += 1 + (double)tdm_random_below(random, tdm_random_uniform(random) < 0.5 ? 100 : 4000);
        line.rate[i] =
            tdm_random_uniform(random) < 0.2 ? 0 : 100 + (double)tdm_random_below(random, 20000);
    }
    line.duration = now / 1000;
    line.rate[line.count - 1] = 5000; // one that does not loop ends alive
    line.offset = (double)tdm_random_below(random, 10000) / 1000;
    return line;
}

static void write_line(const struct world *w, const struct line *line)
{
    char path[256], name[32];
    snprintf(name, sizeof name, "%s.csv", line->name);
    world_path(w, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "# duration: %.3f s\n# loop: %s\ntime_s,up_kbit_s,down_kbit_s\n", line->duration,
            line->loop ? "yes" : "no");
    for (size_t i = 0; i < line->count; i++)
        fprintf(file, "%.3f,%.0f,%.0f\n", line->t[i], line->rate[i], line->rate[i]);
    fclose(file);
}

// What it says of itself in a scenario.
static const char *attributes(const struct line *line, char text[128])
{
    if (line->count == 1)
        snprintf(text, 128, "bandwidth=\"%.0f kbit/s\"", line->rate[0]);
    else
        snprintf(text, 128, "trace=\"%s.csv\" offset=\"%.3f s\"", line->name, line->offset);
    return text;
}

// The rate (bytes/s) at `now`, and when it changes next.
static double look(const struct line *line, double now, double *next)
{
    const double near = 1e-10, at = now + line->offset + near;
    const double turn = line->loop ? floor(at / line->duration) * line->duration : 0;
    size_t i = 0;
    while (i + 1 < line->count && line->t[i + 1] <= at - turn)
        i++;
    if (i + 1 < line->count)
        *next = turn + line->t[i + 1] - line->offset;
    else
        *next = line->loop && line->count > 1 ? turn + line->duration - line->offset : INFINITY;
    return line->rate[i] * 125;
}

// ---- the test's own integrator -----------------------------------------------------------------

struct source {
    int lines[3]; // on its way; -1: no more
    double arrivals[MOST_REQUESTS], answers[MOST_REQUESTS];
    size_t count, done;
    double left; // bytes of the one under way; 0: none is
    double share;
};

struct net {
    struct line lines[MOST_LINES];
    size_t line_count;
    struct source sources[MOST_BOARDS];
    size_t source_count;
};

static bool crosses(const struct source *s, size_t line)
{
    return s->lines[0] == (int)line || s->lines[1] == (int)line || s->lines[2] == (int)line;
}

// Water filling: the line with the least for each of its open flows closes them, and so on.
static void share_out(struct net *n, double now)
{
    double room[MOST_LINES], next;
    bool open[MOST_BOARDS];
    size_t opened = 0;
    for (size_t l = 0; l < n->line_count; l++)
        room[l] = look(&n->lines[l], now, &next);
    for (size_t s = 0; s < n->source_count; s++)
        opened += open[s] = n->sources[s].left > 0;
    while (opened) {
        double least = INFINITY;
        size_t where = 0;
        for (size_t l = 0; l < n->line_count; l++) {
            size_t users = 0;
            for (size_t s = 0; s < n->source_count; s++)
                users += open[s] && crosses(&n->sources[s], l);
            if (users && room[l] / (double)users < least) {
                least = room[l] / (double)users;
                where = l;
            }
        }
        for (size_t s = 0; s < n->source_count; s++) {
            if (!open[s] || !crosses(&n->sources[s], where))
                continue;
            open[s] = false;
            opened--;
            n->sources[s].share = least;
            for (size_t l = 0; l < n->line_count; l++)
                if (crosses(&n->sources[s], l))
                    room[l] = fmax(0, room[l] - least);
        }
    }
}

static double next_of_source(const struct source *s, double now)
{
    if (s->left > 0)
        return s->share > 0 ? now + s->left / s->share : INFINITY;
    return s->done < s->count ? fmax(now, s->arrivals[s->done]) : INFINITY;
}

static void integrate(struct net *n)
{
    double now = 0;
    while (now < duration) {
        double next = duration;
        share_out(n, now);
        for (size_t l = 0; l < n->line_count; l++) {
            double change;
            look(&n->lines[l], now, &change);
            next = fmin(next, change);
        }
        for (size_t s = 0; s < n->source_count; s++)
            next = fmin(next, next_of_source(&n->sources[s], now));
        for (size_t i = 0; i < n->source_count; i++) {
            struct source *s = &n->sources[i];
            const bool due = next_of_source(s, now) <= next;
            if (s->left > 0 && due) {
                s->answers[s->done++] = next;
                s->left = 0;
            } else if (s->left > 0) {
                s->left -= s->share * (next - now);
            } else if (due) {
                s->left = bytes_each;
            }
        }
        now = next;
    }
}

// ---- the engine's ------------------------------------------------------------------------------

// Requests at random; in bursts, so that boards are busy when others come and idle when they go.
static void draw_arrivals(struct tdm_random *random, struct source *s, double mean)
{
    double now = 0;
    s->count = 0;
    while (s->count < MOST_REQUESTS) {
        now += tdm_random_exponential(random, mean);
        if (now > 0.9 * duration)
            break;
        s->arrivals[s->count++] = now;
    }
}

static void write_arrivals(const struct world *w, const struct net *n)
{
    for (size_t i = 0; i < n->source_count; i++) {
        char path[256], name[32];
        snprintf(name, sizeof name, "b%zu.txt", i);
        world_path(w, name, path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        for (size_t k = 0; k < n->sources[i].count; k++)
            fprintf(file, "%.17g\n", n->sources[i].arrivals[k]);
        if (!n->sources[i].count)
            fputs("1000\n", file); // nobody comes within the run
        fclose(file);
    }
}

// Lines that more than one can cross are cells, and stand before the others; `inside` is the cell
// around each, or -1.
static struct tdm_scenario *write_scenario(const struct world *w, const struct net *n, size_t cells,
                                           const int *inside)
{
    char text[8192], says[128];
    int k = snprintf(text, sizeof text,
                     "<scenario name=\"t\" duration=\"%g s\"><server id=\"c\" "
                     "type=\"instant.xml\"/>",
                     duration);
    for (size_t l = 0; l < n->line_count; l++)
        write_line(w, &n->lines[l]);
    for (size_t l = 0; l < cells; l++) {
        k += snprintf(text + k, sizeof text - (size_t)k, "<cell id=\"%s\" %s ", n->lines[l].name,
                      attributes(&n->lines[l], says));
        if (inside[l] >= 0)
            k += snprintf(text + k, sizeof text - (size_t)k, "inside=\"%s\"",
                          n->lines[inside[l]].name);
        k += snprintf(text + k, sizeof text - (size_t)k, "/>");
    }
    for (size_t i = 0; i < n->source_count; i++) {
        const int *lines = n->sources[i].lines;
        const bool own = lines[0] >= (int)cells;
        k += snprintf(text + k, sizeof text - (size_t)k,
                      "<board id=\"b%zu\" type=\"toy.xml\" thermal=\"no\" switching=\"no\"/>"
                      "<link from=\"b%zu\" to=\"c\" cell=\"%s\" %s/>"
                      "<stream board=\"b%zu\" dnn=\"up.xml\" arrivals=\"file\" file=\"b%zu.txt\" "
                      "input=\"raw\"/>",
                      i, i, n->lines[lines[own]].name,
                      own ? attributes(&n->lines[lines[0]], says) : "", i, i);
    }
    snprintf(text + k, sizeof text - (size_t)k, "</scenario>");
    write_arrivals(w, n);
    return world_load(w, text);
}

static size_t compare(const char *uri, uint64_t seed, const struct net *n, const struct played *p)
{
    size_t answered = 0;
    for (size_t i = 0; i < n->source_count; i++)
        answered += n->sources[i].done;
    if (p->count != answered)
        fail_msg("%s, seed %d: %zu answers, not %zu", uri, (int)seed, p->count, answered);
    for (size_t i = 0; i < p->count; i++) {
        const struct tdm_outcome *o = &p->items[i];
        const double answer = n->sources[o->board].answers[o->request];
        if (!(fabs(o->answer - answer) <= 1e-6 * o->latency))
            fail_msg("%s, seed %d, board %d, request %d: the answer came at %.9f, not %.9f", uri,
                     (int)seed, o->board, (int)o->request, o->answer, answer);
    }
    return answered;
}

static size_t check(const struct world *w, const char *uri, uint64_t seed, struct net *n,
                    size_t cells, const int *inside)
{
    struct tdm_scenario *scenario = write_scenario(w, n, cells, inside);
    struct played *p = play(uri, scenario, 0, MOST_BOARDS * MOST_REQUESTS + 1, play_one_plan, &all);
    for (size_t i = 0; i < n->source_count; i++)
        n->sources[i].done = 0, n->sources[i].left = 0;
    integrate(n);
    const size_t answered = compare(uri, seed, n, p);
    played_free(p);
    tdm_scenario_free(scenario);
    return answered;
}

// ---- tests -------------------------------------------------------------------------------------

// One board in a cell; a second one may be there that never sends, so that it is a flow.
static void check_lone(const struct world *w, const char *uri, bool access, bool cell, bool company)
{
    size_t answered = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct tdm_random random;
        tdm_random_seed(&random, seed, "lone", (uint64_t)access + 2 * (uint64_t)cell);
        struct net n = {.line_count = 3, .source_count = company ? 2 : 1};
        n.lines[0] = cell ? changing_line(&random, "cell") : constant_line("cell", 6000);
        n.lines[1] = access ? changing_line(&random, "own") : constant_line("own", 9000);
        n.lines[2] = constant_line("other", 9000);
        for (int i = 0; i < 2; i++)
            n.sources[i] = (struct source){.lines = {1 + i, 0, -1}};
        draw_arrivals(&random, &n.sources[0], 0.5);
        answered += check(w, uri, seed, &n, 1, (const int[]){-1});
    }
    assert_true(answered > 500);
}

static void a_lone_transfer_takes_what_its_traces_say(void **state)
{
    for (int kind = 1; kind <= 3; kind++) {
        const bool access = kind & 1, cell = kind & 2;
        if (kind < 3) // which the analytic engine refuses
            check_lone(*state, "analytic:", access, cell, false);
        check_lone(*state, "simgrid:", access, cell, false);
        check_lone(*state, "simgrid:flows", access, cell, false);
        check_lone(*state, "simgrid:", access, cell, true);
    }
}

// Two in one cell, each with a link of its own; everything changes.
static void two_share_rates_that_change(void **state)
{
    size_t answered = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct tdm_random random;
        tdm_random_seed(&random, seed, "two", 0);
        struct net n = {.line_count = 3, .source_count = 2};
        n.lines[0] = changing_line(&random, "cell");
        n.lines[1] = changing_line(&random, "own1");
        n.lines[2] = changing_line(&random, "own2");
        for (int i = 0; i < 2; i++) {
            n.sources[i] = (struct source){.lines = {1 + i, 0, -1}};
            draw_arrivals(&random, &n.sources[i], 0.4);
        }
        answered += check(*state, "simgrid:", seed, &n, 1, (const int[]){-1});
    }
    assert_true(answered > 1000);
}

// Six boards, two cells in a third; two of them have no rate of their own, and one stands in the
// outer cell.
static void six_share_nested_cells_that_change(void **state)
{
    size_t answered = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct tdm_random random;
        tdm_random_seed(&random, seed, "six", 0);
        struct net n = {.line_count = 7, .source_count = 6};
        static const char *const names[] = {"out", "in1", "in2", "own1", "own2", "own3", "own4"};
        for (int l = 0; l < 7; l++)
            n.lines[l] = l == 4 ? constant_line(names[l], 2500) : changing_line(&random, names[l]);
        static const int ways[6][3] = {{3, 1, 0}, {4, 1, 0},  {1, 0, -1},
                                       {5, 2, 0}, {2, 0, -1}, {6, 0, -1}};
        for (int i = 0; i < 6; i++) {
            memcpy(n.sources[i].lines, ways[i], sizeof ways[i]);
            draw_arrivals(&random, &n.sources[i], 0.8);
        }
        answered += check(*state, "simgrid:", seed, &n, 3, (const int[]){-1, 0, 0});
    }
    assert_true(answered > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_transfer_takes_what_its_traces_say),
        cmocka_unit_test(two_share_rates_that_change),
        cmocka_unit_test(six_share_nested_cells_that_change),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}
