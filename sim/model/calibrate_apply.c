// SPDX-License-Identifier: GPL-3.0-or-later
// From a calibration into a board: what it had serves as prior, what is new replaces it.
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "model/calibrate_default.h"
#include "model/calibrate_result.h"

const char *const tdm_fit_term_names[TDM_K_TERMS] = {
    [TDM_L_LAUNCH] = "launch",
    [TDM_L_LAUNCH_TRAFFIC] = "launch-traffic",
    [TDM_L_HOST] = "host",
    [TDM_L_COMPUTE] = "compute",
    [TDM_L_SERIAL] = "serial",
    [TDM_L_TRAFFIC] = "traffic",
    [TDM_L_BOUND] = "bound",
    [TDM_L_FIXED] = "fixed",
    [TDM_L_OVERLAP] = "overlap",
    [TDM_L_CONCURRENCY] = "concurrency",
    [TDM_L_CPU_LOST] = "cpu-lost",
    [TDM_K_GPU_ENERGY] = "gpu-energy",
    [TDM_K_CPU_ENERGY] = "cpu-energy",
    [TDM_K_MEMORY_ENERGY] = "memory-energy",
    [TDM_K_CPU_SPIN] = "cpu-spin",
};
const char *const tdm_power_term_names[TDM_S_TERMS] = {
    [TDM_S_FIXED] = "fixed",
    [TDM_S_LEAKAGE] = "leakage",
    [TDM_S_CPU_CLOCK] = "cpu-clock",
    [TDM_S_GPU_CLOCK] = "gpu-clock",
    [TDM_S_GPU_BUSY] = "gpu-busy",
    [TDM_S_MEMORY_EXPONENT] = "memory-exponent",
    [TDM_S_MEMORY_VOLTAGE] = "memory-voltage",
    [TDM_S_CPU_V] = "cpu-v",
    [TDM_S_GPU_V] = "gpu-v",
    [TDM_S_MEMORY_IDLE] = "memory-idle",
};

static bool same_key(const struct tdm_fit *a, const struct tdm_fit *b)
{
    return strcmp(a->dnn, b->dnn) == 0 && strcmp(a->mode, b->mode) == 0 &&
           strcmp(a->precision, b->precision) == 0 && a->batch == b->batch;
}

static bool is_default(const struct tdm_fit *fit)
{
    return strcmp(fit->dnn, TDM_FIT_DEFAULT) == 0;
}

static bool is_replaced(const struct tdm_calibration *c, const struct tdm_fit *fit)
{
    for (size_t i = 0; i < c->model.fit_count; i++)
        if (same_key(&c->model.fits[i], fit))
            return true;
    return false;
}

/**
 * Sets that only fits to be replaced refer to are no prior: the same rows would count twice. The
 * set of the same rails comes first, else any: a board has one voltage curve a domain.
 */
void tdm_calibration_find_prior(struct tdm_calibration *c)
{
    for (size_t i = 0; i < c->board->fit_count; i++) {
        const struct tdm_fit *fit = &c->board->fits[i];
        if (is_default(fit) || is_replaced(c, fit))
            continue;
        if (!c->from_latency || strcmp(fit->mode, c->modes.name[0]) == 0)
            c->from_latency = fit->latency;
        const bool same =
            fit->power && c->rails.count && !strcmp(fit->power->rails, c->rails.name[0]);
        if (fit->power && (!c->from_power || same))
            c->from_power = fit->power;
    }
}

// ---- what the data did not determine -----------------------------------------------------------

static void add_name(char *text, size_t size, const char *prefix, const char *name)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s%s", used ? ", " : "", prefix, name);
}

int tdm_calibration_name_kept(struct tdm_calibration *c, struct tdm_error *error)
{
    for (size_t f = 0; f < c->model.fit_count; f++) {
        char text[1024] = "";
        const int terms = c->reports[f].rails ? TDM_K_TERMS : TDM_K_LATENCY;
        for (int t = 0; t < terms; t++)
            if (c->kept[f] & 1U << t)
                add_name(text, sizeof text, "", tdm_fit_term_names[t]);
        for (size_t r = 0; r < c->rails.count; r++)
            for (int s = 0; s < TDM_S_TERMS; s++)
                if (c->reports[f].rails && !strcmp(c->reports[f].rails, c->rails.name[r]) &&
                    c->kept_shared[r] & 1U << s)
                    add_name(text, sizeof text, "power.", tdm_power_term_names[s]);
        if (!*text)
            continue;
        c->reports[f].kept_prior = tdm_arena_strdup(c->arena, text);
        if (!c->reports[f].kept_prior)
            return tdm_fail(error, "out of memory");
        c->model.fits[f].kept_prior = c->reports[f].kept_prior;
    }
    return 0;
}

// ---- into the board ----------------------------------------------------------------------------

struct apply {
    const struct tdm_calibration *c;
    struct tdm_board *board;
    const char *data, *date;
};

static void describe(const struct tdm_score *fitted, const struct tdm_score *crossed, char *text,
                     size_t size)
{
    const struct tdm_score *s = crossed->rows ? crossed : fitted;
    int used = snprintf(text, size, "latency %.2f %%", s->latency_mape);
    if (!isnan(s->power_mape))
        used += snprintf(text + used, size - (size_t)used, ", power %.2f %%, energy %.2f %%",
                         s->power_mape, s->energy_mape);
    snprintf(text + used, size - (size_t)used, " (%s)",
             crossed->rows ? "cross-validated" : "on the fitted rows");
}

static bool id_taken(const struct tdm_board *board, const char *id)
{
    for (size_t i = 0; i < board->latency_count; i++)
        if (strcmp(board->latencies[i].id, id) == 0)
            return true;
    for (size_t i = 0; i < board->power_count; i++)
        if (strcmp(board->powers[i].id, id) == 0)
            return true;
    return tdm_source_find(board->sources, board->source_count, id);
}

/** "prefix-1" or the first number that is free. NULL: out of memory. */
static const char *new_id(struct tdm_board *board, const char *prefix)
{
    char id[64];
    int n = 1;
    do
        snprintf(id, sizeof id, "%s-%d", prefix, n++);
    while (id_taken(board, id));
    return tdm_arena_strdup(board->arena, id);
}

static const char *add_source(const struct apply *a, const char *what, const char *error_text)
{
    struct tdm_board *board = a->board;
    const char *id = new_id(board, "fit");
    struct tdm_source *source = tdm_arena_push(board->arena, (void **)&board->sources,
                                               &board->source_count, sizeof *source);
    if (!id || !source)
        return NULL;
    *source = (struct tdm_source){
        .id = id,
        .kind = TDM_FITTED,
        .what = tdm_arena_strdup(board->arena, what),
        .error = tdm_arena_strdup(board->arena, error_text),
        .date = tdm_arena_strdup(board->arena, a->date),
    };
    return source->what && source->error && source->date ? id : NULL;
}

static int copy_list(struct tdm_board *board, struct tdm_list *list)
{
    double *items = tdm_arena_alloc(board->arena, list->count * sizeof *items);
    if (!items)
        return -1;
    memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    return 0;
}

static const char *add_latency(const struct apply *a, size_t mode, const char *source)
{
    struct tdm_board *board = a->board;
    const char *id = new_id(board, "latency");
    struct tdm_latency *new = tdm_arena_push(board->arena, (void **)&board->latencies,
                                             &board->latency_count, sizeof *new);
    if (!id || !new)
        return NULL;
    *new = a->c->model.latencies[mode];
    new->id = id;
    new->source = source;
    return copy_list(board, &new->bandwidth) ? NULL : id;
}

static const char *add_power(const struct apply *a, size_t rails, const char *source)
{
    struct tdm_board *board = a->board;
    const char *id = new_id(board, "power");
    struct tdm_power *new =
        tdm_arena_push(board->arena, (void **)&board->powers, &board->power_count, sizeof *new);
    if (!id || !new)
        return NULL;
    *new = a->c->model.powers[rails];
    new->id = id;
    new->source = source;
    new->rails = tdm_arena_strdup(board->arena, a->c->rails.name[rails]);
    const bool bad = !new->rails || copy_list(board, &new->cpu_v) ||
                     copy_list(board, &new->gpu_v) || copy_list(board, &new->memory_idle);
    return bad ? NULL : id;
}

static int add_fit(const struct apply *a, size_t index, const struct tdm_ids *ids)
{
    const struct tdm_calibration *c = a->c;
    const struct tdm_fit_report *report = &c->reports[index];
    struct tdm_arena *arena = a->board->arena;
    char what[1024], error_text[256];
    snprintf(what, sizeof what, "%s: %zu rows%s", a->data, report->fitted.rows,
             report->cpu_assumed ? "; CPU clock not recorded, assumed at the top" : "");
    describe(&report->fitted, &report->crossed, error_text, sizeof error_text);
    const char *source = add_source(a, what, error_text);
    struct tdm_fit *fit =
        tdm_arena_push(arena, (void **)&a->board->fits, &a->board->fit_count, sizeof *fit);
    if (!source || !fit)
        return -1;
    *fit = c->model.fits[index];
    fit->dnn = tdm_arena_strdup(arena, fit->dnn);
    fit->mode = tdm_arena_strdup(arena, fit->mode);
    fit->precision = tdm_arena_strdup(arena, fit->precision);
    fit->kept_prior = fit->kept_prior ? tdm_arena_strdup(arena, fit->kept_prior) : NULL;
    fit->source = source;
    tdm_calibration_set_ids(c, ids, fit);
    return fit->dnn && fit->mode && fit->precision ? 0 : -1;
}

/** Takes out the fits that the calibration replaces. */
static void drop_fits(const struct apply *a, bool drop_default, bool fresh)
{
    struct tdm_board *board = a->board;
    size_t kept = 0;
    for (size_t i = 0; i < board->fit_count; i++)
        if (!fresh && !is_replaced(a->c, &board->fits[i]) &&
            !(drop_default && is_default(&board->fits[i])))
            board->fits[kept++] = board->fits[i];
    board->fit_count = kept;
}

static bool is_used(const struct tdm_board *board, const char *id)
{
    for (size_t i = 0; i < board->fit_count; i++) {
        const struct tdm_fit *fit = &board->fits[i];
        if (strcmp(fit->latency_id, id) == 0 || (fit->power_id && !strcmp(fit->power_id, id)))
            return true;
    }
    return false;
}

static bool source_is_used(const struct tdm_board *board, const char *id)
{
    for (size_t i = 0; i < board->fit_count; i++)
        if (strcmp(board->fits[i].source, id) == 0)
            return true;
    for (size_t i = 0; i < board->latency_count; i++)
        if (strcmp(board->latencies[i].source, id) == 0)
            return true;
    for (size_t i = 0; i < board->power_count; i++)
        if (strcmp(board->powers[i].source, id) == 0)
            return true;
    return false;
}

/** Takes out sets that no fit refers to, then the calibrations' sources that nothing does. */
static void drop_unused(struct tdm_board *board)
{
    size_t kept = 0;
    for (size_t i = 0; i < board->latency_count; i++)
        if (is_used(board, board->latencies[i].id))
            board->latencies[kept++] = board->latencies[i];
    board->latency_count = kept;
    kept = 0;
    for (size_t i = 0; i < board->power_count; i++)
        if (is_used(board, board->powers[i].id))
            board->powers[kept++] = board->powers[i];
    board->power_count = kept;
    kept = 0;
    for (size_t i = 0; i < board->source_count; i++)
        if (strncmp(board->sources[i].id, "fit-", 4) || source_is_used(board, board->sources[i].id))
            board->sources[kept++] = board->sources[i];
    board->source_count = kept;
}

void tdm_calibration_set_ids(const struct tdm_calibration *c, const struct tdm_ids *ids,
                             struct tdm_fit *fit)
{
    fit->latency_id = fit->power_id = NULL;
    for (size_t m = 0; m < c->model.latency_count; m++)
        if (fit->latency == &c->model.latencies[m])
            fit->latency_id = ids->latency[m];
    for (size_t r = 0; r < c->model.power_count; r++)
        if (fit->power == &c->model.powers[r])
            fit->power_id = ids->power[r];
}

static int add_all(const struct apply *a, const struct tdm_ids *ids)
{
    const struct tdm_calibration *c = a->c;
    char error_text[256], what[1024];
    describe(&c->fitted, &c->crossed, error_text, sizeof error_text);
    snprintf(what, sizeof what, "%s: all %zu rows together", a->data, c->fitted.rows);
    const char *source = add_source(a, what, error_text);
    if (!source)
        return -1;
    for (size_t m = 0; m < c->modes.count; m++) {
        ids->latency[m] = add_latency(a, m, source);
        if (!ids->latency[m])
            return -1;
    }
    for (size_t r = 0; r < c->rails.count; r++) {
        ids->power[r] = add_power(a, r, source);
        if (!ids->power[r])
            return -1;
    }
    for (size_t f = 0; f < c->model.fit_count; f++)
        if (add_fit(a, f, ids))
            return -1;
    return 0;
}

int tdm_calibration_apply(const struct tdm_calibration *c, struct tdm_board *board,
                          const char *data, const char *date, const struct tdm_workload *workloads,
                          size_t workload_count, struct tdm_error *error)
{
    const struct apply a = {.c = c, .board = board, .data = data, .date = date};
    struct tdm_fit unit;
    struct tdm_error why = {0};
    const bool has_unit =
        workload_count && tdm_default_fit(c, workloads, workload_count, &unit, &why) == 0;
    const struct tdm_ids ids = {
        .latency = tdm_arena_alloc(c->arena, (c->modes.count + 1) * sizeof *ids.latency),
        .power = tdm_arena_alloc(c->arena, (c->rails.count + 1) * sizeof *ids.power),
    };
    drop_fits(&a, has_unit, c->fresh);
    drop_unused(board);
    if (!ids.latency || !ids.power || add_all(&a, &ids) ||
        (has_unit && tdm_default_apply(c, board, &unit, data, date, &ids)))
        return tdm_fail(error, "out of memory");
    drop_unused(board);
    return tdm_fits_resolve(board, error);
}
