// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench.h"

#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEAST_ROUNDS = 5, MOST_ROUNDS = 10000 };

struct bench {
    const char *only; // NULL: all
    double seconds;   // CPU, a case
    json_t *results;
    int failures;
};

static const struct bench_case *const cases[] = {&bench_requests_closed,
                                                 &bench_requests_poisson,
                                                 &bench_requests_offload,
                                                 &bench_requests_cut,
                                                 &bench_oracle,
                                                 &bench_calibrate,
                                                 &bench_calibrate_tx2,
                                                 &bench_load,
                                                 &bench_transfer_short,
                                                 &bench_transfer_long,
                                                 &bench_record,
                                                 &bench_fleet,
                                                 &bench_environment,
                                                 &bench_training,
                                                 &bench_clocks,
                                                 &bench_agent,
                                                 NULL};

// ---- timing ------------------------------------------------------------------------------------

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double time_once(const struct bench_side *side)
{
    if (side->prepare)
        side->prepare(side->context);
    const clockid_t clock = side->waits ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
    const double start = seconds_of(clock);
    side->run(side->context);
    return seconds_of(clock) - start;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int bench_race(const struct bench *bench, const struct bench_side *ours,
               const struct bench_side *bare, struct bench_times *times)
{
    static double a[MOST_ROUNDS], b[MOST_ROUNDS], ratio[MOST_ROUNDS];
    const int failures = bench->failures;
    time_once(ours); // caches, pages, tables
    time_once(bare);
    size_t rounds = 0;
    const clockid_t clock = ours->waits ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
    const double start = seconds_of(clock);
    while (rounds < MOST_ROUNDS &&
           (rounds < LEAST_ROUNDS || seconds_of(clock) - start < bench->seconds)) {
        if (bench->failures > failures) // once said is enough
            return -1;
        a[rounds] = time_once(ours);
        b[rounds] = time_once(bare);
        ratio[rounds] = a[rounds] / b[rounds];
        rounds++;
    }
    *times = (struct bench_times){median(a, rounds), median(b, rounds), median(ratio, rounds)};
    return 0;
}

// ---- results -----------------------------------------------------------------------------------

void bench_report(struct bench *bench, const char *name, double value, const char *unit,
                  double ratio, const char *against)
{
    printf("%-26s %12.4g %-14s", name, value, unit);
    if (isnan(ratio))
        printf(" %9s", "");
    else
        printf(" %8.3gx", ratio);
    printf("  %s\n", against);
    fflush(stdout);
    json_array_append_new(bench->results, json_pack("{s:s, s:f, s:s, s:o, s:s}", "name", name,
                                                    "value", value, "unit", unit, "ratio",
                                                    isnan(ratio) ? json_null() : json_real(ratio),
                                                    "against", against));
}

void bench_fail(struct bench *bench, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    bench->failures++;
}

void bench_skip(const char *name, const char *why)
{
    printf("%-26s skipped: %s\n", name, why);
}

void bench_agree(struct bench *bench, const char *what, double ours, double bare, double tolerance)
{
    if (!(fabs(ours - bare) <= tolerance * fabs(bare)))
        bench_fail(bench, "%s: %.15g here, %.15g by the bare loop: not the same formula", what,
                   ours, bare);
}

struct tdm_scenario *bench_scenario(struct bench *bench, const char *name)
{
    struct tdm_error error;
    struct tdm_scenario *scenario = tdm_scenario_load(name, &error);
    char text[1024];
    if (!scenario) {
        tdm_error_format(&error, text, sizeof text);
        bench_fail(bench, "%s", text);
    }
    return scenario;
}

// ---- the program -------------------------------------------------------------------------------

static const char usage[] =
    "Usage: tandem-bench [--only NAME] [--seconds S] [bench.json]\n"
    "  --only NAME   the cases whose name begins like this\n"
    "  --seconds S   CPU time of each case (default 1)\n"
    "Prints a table and writes it to the file: a list of {name, value, unit, ratio, against};\n"
    "ratio is how many times as long as what it is compared with it takes. Cases:\n";

static void print_usage(FILE *out)
{
    fputs(usage, out);
    for (size_t i = 0; cases[i]; i++)
        fprintf(out, "  %-26s %s\n", cases[i]->name, cases[i]->summary);
}

// -1: go on; else the exit status.
static int read_options(int argc, char **argv, struct bench *bench)
{
    static const struct option options[] = {{"only", required_argument, NULL, 'o'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    char *end = NULL;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'o') {
            bench->only = optarg;
        } else if (c == 's') {
            bench->seconds = strtod(optarg, &end);
            if (*end || !(bench->seconds >= 0 && bench->seconds <= 3600)) {
                fputs("tandem-bench: --seconds takes 0 to 3600\n", stderr);
                return 2;
            }
        } else {
            print_usage(c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    return -1;
}

static int run_cases(struct bench *bench)
{
    int ran = 0;
    for (size_t i = 0; cases[i]; i++)
        if (!bench->only || strncmp(cases[i]->name, bench->only, strlen(bench->only)) == 0) {
            cases[i]->run(bench);
            ran++;
        }
    if (!ran)
        bench_fail(bench, "there is no case '%s'; --help lists them", bench->only);
    return ran;
}

int main(int argc, char **argv)
{
    struct bench bench = {.seconds = 1, .results = json_array()};
    const int status = read_options(argc, argv, &bench);
    if (status >= 0) {
        json_decref(bench.results);
        return status;
    }
    printf("%-26s %12s %-14s %9s  %s\n", "", "", "", "times as", "long as");
    run_cases(&bench);
    if (optind < argc && json_dump_file(bench.results, argv[optind], JSON_INDENT(2)))
        bench_fail(&bench, "cannot write '%s'", argv[optind]);
    json_decref(bench.results);
    return bench.failures ? 1 : 0;
}
