// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/over_time.h"
#include "cli/report/stats.h"
#include "core/error.h"
#include "core/guard.h"

static int no_memory(struct tdm_error *error)
{
    return tdm_fail(error, "out of memory");
}

// Grows an array by one zeroed item; NULL if there is no memory.
static void *grow(void *items, size_t *count, size_t size)
{
    if (*count & (*count - 1)) // room doubles: there is some between the powers of two
        return memset((char *)items + (*count)++ * size, 0, size), items;
    char *more = realloc(items, (*count ? 2 * *count : 1) * size);
    if (more)
        memset(more + (*count)++ * size, 0, size);
    return more;
}

// ---- which policy, which variant ---------------------------------------------------------------

static int find_policy(struct tdm_report *report, const char *name, size_t *index,
                       struct tdm_error *error)
{
    for (*index = 0; *index < report->policy_count; ++*index)
        if (strcmp(report->policies[*index].name, name) == 0)
            return 0;
    struct tdm_report_policy *more = grow(report->policies, &report->policy_count, sizeof *more);
    if (!more)
        return no_memory(error);
    report->policies = more;
    struct tdm_report_policy *policy = &more[*index];
    policy->name = strdup(name);
    policy->latencies = gsl_histogram_calloc_uniform(
        (size_t)(TDM_LATENCY_MOST - TDM_LATENCY_LEAST) * TDM_LATENCIES_A_DECADE, TDM_LATENCY_LEAST,
        TDM_LATENCY_MOST);
    return policy->name && policy->latencies ? 0 : no_memory(error);
}

static bool same_text(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

// Policies and seeds may be varied, too; they make no variant.
static bool makes_variant(const struct tdm_record_value *v)
{
    return strcmp(v->name, "policy") != 0 && strcmp(v->name, "seed") != 0;
}

static bool same_variant(const struct tdm_report_variant *v, const struct tdm_record_head *h)
{
    if (strcmp(v->scenario, h->name) != 0 || strcmp(v->engine, h->engine) != 0 ||
        !same_text(v->grid, h->grid))
        return false;
    if (!h->grid)
        return strcmp(v->text, h->scenario) == 0;
    size_t n = 0;
    for (size_t i = 0; i < h->varied_count; i++) {
        const struct tdm_record_value *other = &h->varied[i];
        if (!makes_variant(other))
            continue;
        if (n == v->varied_count || strcmp(v->varied[n].name, other->name) != 0 ||
            strcmp(v->varied[n].value, other->value) != 0)
            return false;
        n++;
    }
    return n == v->varied_count;
}

static char *move(char **text)
{
    char *moved = *text;
    *text = NULL;
    return moved;
}

// Takes what it keeps out of the head.
static int add_variant(struct tdm_report *report, struct tdm_record_head *h,
                       struct tdm_error *error)
{
    struct tdm_report_variant *more = grow(report->variants, &report->variant_count, sizeof *more);
    if (!more)
        return no_memory(error);
    report->variants = more;
    struct tdm_report_variant *v = &more[report->variant_count - 1];
    v->index = report->variant_count - 1;
    v->scenario = move(&h->name);
    v->engine = strdup(h->engine);
    v->grid = move(&h->grid);
    v->title = move(&h->title);
    v->text = move(&h->scenario);
    v->varied = calloc(h->varied_count + 1, sizeof *v->varied);
    if (!v->engine || !v->varied)
        return no_memory(error);
    for (size_t i = 0; i < h->varied_count; i++) {
        if (!makes_variant(&h->varied[i]))
            continue;
        v->varied[v->varied_count++] = h->varied[i];
        h->varied[i] = (struct tdm_record_value){0};
    }
    return 0;
}

static int find_variant(struct tdm_report *report, struct tdm_record_head *h, size_t *index,
                        struct tdm_error *error)
{
    for (*index = 0; *index < report->variant_count; ++*index)
        if (same_variant(&report->variants[*index], h))
            return 0;
    return add_variant(report, h, error);
}

// ---- one record --------------------------------------------------------------------------------

struct counting {
    struct tdm_report_run *run;
    gsl_histogram *latencies;
    double cost, energy, latency, sent;
};

static void count_bandwidth(struct tdm_report_run *run, double bandwidth, bool sent)
{
    if (isnan(bandwidth))
        return;
    run->probed = true;
    if (!(bandwidth > 0)) {
        run->outage[0]++;
        run->outage[1] += sent;
        return;
    }
    const double band = floor(TDM_BANDS_A_DECADE * log10(bandwidth / TDM_BAND_LEAST));
    const size_t i = band < 0 ? 0 : band >= TDM_BANDS ? TDM_BANDS - 1 : (size_t)band;
    run->seen[i]++;
    run->sent[i] += sent;
}

static void count_block(void *context, const struct tdm_record_answers *rows)
{
    struct counting *c = context;
    struct tdm_report_run *run = c->run;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->dropped[i]) {
            run->dropped++;
            continue;
        }
        if (!isfinite(rows->latency[i]) || !isfinite(rows->cost[i])) {
            run->unanswered++;
            continue;
        }
        run->answered++;
        c->cost += rows->cost[i];
        c->energy += rows->energy[i];
        c->latency += rows->latency[i];
        c->sent += rows->sent[i] > 0;
        count_bandwidth(run, rows->bandwidth[i], rows->sent[i] > 0);
        // Beyond the last bin is beyond a hundred days; below the first is no time at all.
        const double least = pow(10, TDM_LATENCY_LEAST);
        gsl_histogram_increment(c->latencies, log10(fmax(rows->latency[i], least)));
    }
}

static int count_run(struct tdm_report *report, struct tdm_h5 *file, struct tdm_report_run *run,
                     size_t rows, struct tdm_error *error)
{
    struct tdm_report_policy *policy = &report->policies[run->policy];
    struct counting c = {.run = run, .latencies = policy->latencies};
    if (tdm_record_read_answers(file, rows, count_block, &c, error))
        return -1;
    policy->arrived += run->answered + run->dropped + run->unanswered;
    const double n = run->answered > 0 ? run->answered : NAN;
    run->cost = c.cost / n;
    run->energy = c.energy / n;
    run->latency = c.latency / n;
    run->offloaded = c.sent / n;
    return 0;
}

// The same run twice would make intervals narrower than they are.
static bool is_there(const struct tdm_report *report, const struct tdm_report_run *run)
{
    for (size_t i = 0; i + 1 < report->run_count; i++) {
        const struct tdm_report_run *other = &report->runs[i];
        if (other->policy != run->policy || other->variant != run->variant ||
            other->seed != run->seed)
            continue;
        fprintf(stderr, "tandem report: %s: the same scenario, policy and seed as %s; left out\n",
                run->file, other->file);
        return true;
    }
    return false;
}

static void free_run(struct tdm_report_run *run)
{
    char *texts[] = {run->file,   run->path, run->link,   run->command,
                     run->tandem, run->hdf5, run->engine, run->board};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
}

static int name_run(struct tdm_report_run *run, const char *path, const char *link)
{
    const size_t size = strlen(path) + (link ? strlen(link) + 1 : 0) + 1;
    run->path = strdup(path);
    run->link = link ? strdup(link) : NULL;
    run->file = malloc(size);
    if (!run->path || !run->file || (link && !run->link))
        return -1;
    snprintf(run->file, size, "%s%s%s", path, link ? "#" : "", link ? link : "");
    return 0;
}

static int take_head(struct tdm_report *report, struct tdm_report_run *run,
                     struct tdm_record_head *h, struct tdm_error *error)
{
    run->seed = h->seed;
    run->boards = h->boards;
    run->end = h->end;
    run->unanswered = h->unanswered;
    run->engine = strdup(h->engine);
    run->command = move(&h->command);
    run->tandem = move(&h->tandem);
    run->hdf5 = move(&h->hdf5);
    run->board = move(&h->board);
    if (!run->engine)
        return no_memory(error);
    const char *policy = *h->policy ? h->policy : "(no name)";
    return find_policy(report, policy, &run->policy, error) ||
                   find_variant(report, h, &run->variant, error)
               ? -1
               : 0;
}

static int add_record(struct tdm_report *report, struct tdm_h5 *file, const char *path,
                      const char *link, struct tdm_error *error)
{
    struct tdm_record_head head;
    if (tdm_record_head_read(file, &head, error))
        return -1;
    struct tdm_report_run *more = grow(report->runs, &report->run_count, sizeof *more);
    int status = more ? 0 : no_memory(error);
    if (status == 0) {
        report->runs = more;
        struct tdm_report_run *run = &more[report->run_count - 1];
        status = name_run(run, path, link) ? no_memory(error) : 0;
        if (status == 0)
            status = take_head(report, run, &head, error);
        if (status == 0 && is_there(report, run)) {
            free_run(run);
            report->run_count--;
        } else if (status == 0) {
            status = count_run(report, file, run, head.rows, error);
        }
    }
    tdm_record_head_free(&head);
    return status;
}

// ---- files -------------------------------------------------------------------------------------

static int add_link(struct tdm_report *report, struct tdm_h5 *file, const char *path,
                    const char *name, struct tdm_error *error)
{
    char link[16 + TDM_H5_NAME];
    if (snprintf(link, sizeof link, "/links/%s", name) >= (int)sizeof link)
        return tdm_fail_at(error, path, 0, 0, "the name of one of its links is too long");
    struct tdm_h5 *record = tdm_h5_follow(file, link, error);
    if (record)
        tdm_guard_risk(tdm_h5_file(record));
    const int status = record ? add_record(report, record, path, name, error) : -1;
    tdm_h5_close(record, NULL);
    tdm_guard_risk(path);
    return status;
}

struct links {
    struct tdm_report *report;
    struct tdm_h5 *file;
    const char *path;
    struct tdm_error *error;
    int status;
};

static void visit_link(void *context, const char *name)
{
    struct links *l = context;
    if (l->status == 0)
        l->status = add_link(l->report, l->file, l->path, name, l->error);
}

static int add_learning(struct tdm_report *report, struct tdm_h5 *file, const char *path,
                        struct tdm_error *error)
{
    struct tdm_report_learning *more =
        grow(report->learnings, &report->learning_count, sizeof *more);
    if (!more)
        return no_memory(error);
    report->learnings = more;
    return tdm_learning_read(&more[report->learning_count - 1], file, path, error);
}

static int add_file(struct tdm_report *report, struct tdm_h5 *file, const char *path,
                    struct tdm_error *error)
{
    struct links links = {report, file, path, error, 0};
    if (tdm_learning_is(file))
        return add_learning(report, file, path, error);
    if (!tdm_h5_has(file, "/links"))
        return add_record(report, file, path, NULL, error);
    int64_t version;
    if (tdm_h5_get_integer(file, "/", "schema_version", &version, error))
        return -1;
    if (version != 1)
        return tdm_fail_at(error, path, 0, 0,
                           "a merged file of version %lld; this tandem reads version 1",
                           (long long)version);
    const int status = tdm_h5_list(file, "/links", visit_link, &links, error);
    return status ? status : links.status;
}

int tdm_report_add(struct tdm_report *report, const char *path, struct tdm_error *error)
{
    tdm_guard_risk(path);
    struct tdm_h5 *file = tdm_h5_open(path, error);
    const int status = file ? add_file(report, file, path, error) : -1;
    tdm_h5_close(file, NULL);
    tdm_guard_risk(NULL);
    return status;
}

struct tdm_h5 *tdm_report_open(const struct tdm_report_run *run, struct tdm_error *error)
{
    struct tdm_h5 *file = tdm_h5_open(run->path, error);
    if (!file || !run->link)
        return file;
    char link[16 + TDM_H5_NAME];
    snprintf(link, sizeof link, "/links/%s", run->link);
    struct tdm_h5 *record = tdm_h5_follow(file, link, error);
    tdm_h5_close(file, NULL);
    return record;
}

// ---- order -------------------------------------------------------------------------------------

static int compare_varied(const struct tdm_record_value *a, const struct tdm_record_value *b)
{
    if (!isnan(a->number) && !isnan(b->number) && a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return isnan(a->number) && isnan(b->number) ? 0 : strcmp(a->value, b->value);
}

// Variants of a sweep by their values, others as they came. Values that are no numbers stay in the
// order in which they came, too.
static int by_values(const void *x, const void *y)
{
    const struct tdm_report_variant *a = x, *b = y;
    const size_t n = a->varied_count < b->varied_count ? a->varied_count : b->varied_count;
    if (a->grid && b->grid && strcmp(a->grid, b->grid) == 0)
        for (size_t i = 0; i < n && strcmp(a->varied[i].name, b->varied[i].name) == 0; i++) {
            const int order = compare_varied(&a->varied[i], &b->varied[i]);
            if (order)
                return order;
        }
    return (a->index > b->index) - (a->index < b->index);
}

// Whether another variant goes by the same name, and how many before this one do.
static size_t namesakes(const struct tdm_report *report, size_t index, size_t *before)
{
    size_t count = 0;
    *before = 0;
    for (size_t i = 0; i < report->variant_count; i++)
        if (i != index && !report->variants[i].grid &&
            strcmp(report->variants[i].scenario, report->variants[index].scenario) == 0) {
            count++;
            *before += i < index;
        }
    return count;
}

static bool differs(const struct tdm_report *report, size_t offset)
{
    for (size_t i = 1; i < report->variant_count; i++) {
        const char *const *a = (const char *const *)((const char *)&report->variants[0] + offset);
        const char *const *b = (const char *const *)((const char *)&report->variants[i] + offset);
        if (!same_text(*a, *b))
            return true;
    }
    return false;
}

static int name_variant(struct tdm_report *report, size_t index)
{
    struct tdm_report_variant *v = &report->variants[index];
    size_t size = 0, before;
    FILE *stream = open_memstream(&v->name, &size);
    if (!stream)
        return -1;
    const char *comma = "";
    if (report->variant_count > 1 &&
        (!v->varied_count || differs(report, offsetof(struct tdm_report_variant, scenario)))) {
        fputs(v->scenario, stream);
        comma = ", ";
        if (!v->grid && namesakes(report, index, &before))
            fprintf(stream, " (%zu)", before + 1);
    }
    for (size_t i = 0; report->variant_count > 1 && i < v->varied_count; i++, comma = ", ")
        fprintf(stream, "%s%s %s", comma, v->varied[i].name, v->varied[i].value);
    if (differs(report, offsetof(struct tdm_report_variant, engine)))
        fprintf(stream, "%s%s", comma, v->engine);
    return fclose(stream);
}

int tdm_report_order(struct tdm_report *report, struct tdm_error *error)
{
    const size_t n = report->variant_count;
    size_t *now = calloc(n + 1, sizeof *now);
    if (!now)
        return no_memory(error);
    qsort(report->variants, n, sizeof *report->variants, by_values);
    for (size_t i = 0; i < n; i++)
        now[report->variants[i].index] = i;
    for (size_t i = 0; i < report->run_count; i++)
        report->runs[i].variant = now[report->runs[i].variant];
    free(now);
    for (size_t i = 0; i < n; i++)
        if (name_variant(report, i))
            return no_memory(error);
    return 0;
}

void tdm_report_free(struct tdm_report *report)
{
    for (size_t i = 0; i < report->run_count; i++)
        free_run(&report->runs[i]);
    for (size_t i = 0; i < report->policy_count; i++) {
        free(report->policies[i].name);
        gsl_histogram_free(report->policies[i].latencies);
    }
    for (size_t i = 0; i < report->variant_count; i++) {
        struct tdm_report_variant *v = &report->variants[i];
        struct tdm_record_head rest = {.scenario = v->text,
                                       .name = v->scenario,
                                       .engine = v->engine,
                                       .grid = v->grid,
                                       .title = v->title,
                                       .board = v->name,
                                       .varied = v->varied,
                                       .varied_count = v->varied_count};
        tdm_record_head_free(&rest);
    }
    for (size_t i = 0; i < report->attribute_count; i++) {
        free(report->attributes[i].numbers);
        free(report->attributes[i].values);
    }
    for (size_t i = 0; i < report->learning_count; i++)
        tdm_learning_free(&report->learnings[i]);
    free(report->learnings);
    free(report->runs);
    free(report->policies);
    free(report->variants);
    free(report->cells);
    free(report->attributes);
    tdm_over_time_free(report->time);
    *report = (struct tdm_report){0};
}
