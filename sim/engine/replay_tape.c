// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/replay_tape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/h5.h"
#include "core/text.h"
#include "engine/record.h"

enum {
    MOST_ROWS = 1 << 24, // about 2 GB of pieces
    MOST_STREAMS = 100000,
    LONGEST_PATH = 128 + TDM_H5_NAME,
};

/** What the board was asked to do. */
struct key {
    int opp[TDM_CLOCKS], cap[TDM_CLOCKS];
    int governor, cores, processor, first, exit, point, bits;
    bool thinks; // before it acts
    double xi;
    int64_t dnn; // tdm_record_key
};

struct tdm_take_group {
    struct key key;
    size_t first, count; // takes
};

// A row of /requests.
struct row {
    struct key key;
    double start; // s
    struct tdm_take take;
};

struct loading {
    struct tdm_tape *tape;
    struct tdm_h5 *file;
    const struct tdm_board *board;
    const char *path; // of the file
    char where[16 + TDM_H5_NAME];
    int64_t index;                      // of the board in the record
    int64_t (*dnns)[TDM_MOST_VERSIONS]; // by stream and version: tdm_record_key of it; -1: none
    size_t dnn_count;
    struct row *rows;
    size_t row_count;
    struct tdm_error *error;
};

// ---- what the board was asked to do ------------------------------------------------------------

static struct key key_of(const struct tdm_plan *plan, int64_t dnn)
{
    struct key key = {.governor = plan->governor,
                      .cores = plan->cores,
                      .processor = plan->processor,
                      .first = plan->first,
                      .exit = plan->exit,
                      .dnn = dnn};
    bool governed = false;
    key.thinks = plan->thinking > 0;
    for (int d = 0; d < TDM_CLOCKS; d++) {
        key.opp[d] = plan->opp[d];
        key.cap[d] = plan->opp[d] == TDM_GOVERNED ? plan->cap[d] : -1;
        governed |= d != TDM_EMC && plan->opp[d] == TDM_GOVERNED;
    }
    if (!governed)
        key.governor = -1;
    if (plan->xi > 0) {
        key.xi = plan->xi;
        key.point = plan->point;
        key.bits = plan->point > 0 ? plan->bits : 0; // the input is sent as it is
    }
    return key;
}

static int compare_ints(const int *a, const int *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static int compare_keys(const struct key *a, const struct key *b)
{
    const int x[] = {a->governor, a->cores, a->processor, a->first,
                     a->exit,     a->point, a->bits,      a->thinks};
    const int y[] = {b->governor, b->cores, b->processor, b->first,
                     b->exit,     b->point, b->bits,      b->thinks};
    int order = compare_ints(a->opp, b->opp, TDM_CLOCKS);
    if (!order)
        order = compare_ints(a->cap, b->cap, TDM_CLOCKS);
    if (!order)
        order = compare_ints(x, y, sizeof x / sizeof *x);
    if (!order)
        order = (a->xi > b->xi) - (a->xi < b->xi);
    return order ? order : (a->dnn > b->dnn) - (a->dnn < b->dnn);
}

static int by_key(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = compare_keys(&x->key, &y->key);
    if (!order)
        order = (x->start > y->start) - (x->start < y->start);
    return order ? order
                 : (x->take.request > y->take.request) - (x->take.request < y->take.request);
}

static int compare_groups(const void *a, const void *b)
{
    const struct tdm_take_group *x = a, *y = b;
    return compare_keys(&x->key, &y->key);
}

int64_t tdm_tape_find(const struct tdm_tape *tape, const struct tdm_plan *plan, const char *dnn,
                      const struct tdm_take **takes, size_t *count)
{
    const struct tdm_take_group wanted = {.key = key_of(plan, tdm_record_key(dnn))};
    const struct tdm_take_group *group = tape->group_count
                                             ? bsearch(&wanted, tape->groups, tape->group_count,
                                                       sizeof *tape->groups, compare_groups)
                                             : NULL;
    if (!group)
        return -1;
    *takes = tape->takes + group->first;
    *count = group->count;
    return group - tape->groups;
}

// ---- reading tables ----------------------------------------------------------------------------

struct table {
    double *values; // column by column
    size_t count;   // rows
};

static double at(const struct table *table, size_t column, size_t row)
{
    return table->values[column * table->count + row];
}

static int read_length(struct loading *l, const char *path, size_t *count)
{
    size_t shape[TDM_H5_RANK];
    const int rank = tdm_h5_shape(l->file, path, shape, l->error);
    if (rank < 0)
        return -1;
    if (rank != 1 || shape[0] > MOST_ROWS)
        return tdm_fail_at(l->error, l->path, 0, 0, "'%s' is no column of at most %d rows", path,
                           MOST_ROWS);
    *count = shape[0];
    return 0;
}

// Reads the columns of these names, up to the NULL; the caller frees the values.
static int read_table(struct loading *l, const char *group, const char *const *names,
                      struct table *table)
{
    char path[LONGEST_PATH];
    size_t columns = 0;
    while (names[columns])
        columns++;
    snprintf(path, sizeof path, "%s/%s", group, names[0]);
    if (read_length(l, path, &table->count))
        return -1;
    table->values = malloc((columns * table->count + 1) * sizeof *table->values);
    if (!table->values)
        return tdm_fail(l->error, "out of memory");
    for (size_t c = 0; c < columns; c++) {
        snprintf(path, sizeof path, "%s/%s", group, names[c]);
        double *values = table->values + c * table->count;
        if (strcmp(names[c], "exit") == 0 && !tdm_h5_has(l->file, path)) {
            memset(values, 0, table->count * sizeof *values); // older than exits are
            continue;
        }
        if (tdm_h5_get_array(l->file, path, TDM_H5_DOUBLE, table->count, values, l->error))
            return -1;
    }
    return 0;
}

// Whole numbers stay what they are; what is none becomes one that nothing has.
static int whole(double value)
{
    return value >= -1 && value <= 1e9 && value == floor(value) ? (int)value : -2;
}

static int64_t number(double value)
{
    return value >= -1 && value <= 9e15 && value == floor(value) ? (int64_t)value : -2;
}

// 0 Hz is a clock that nobody locked.
static int find_opps(struct loading *l, const struct table *table, size_t column, size_t row,
                     int opp[TDM_CLOCKS])
{
    for (size_t d = 0; d < TDM_CLOCKS; d++) {
        const double hz = at(table, column + d, row);
        opp[d] = hz == 0 ? -1 : tdm_domain_opp(l->board->domain[d], hz);
        if (hz != 0 && opp[d] < 0)
            return tdm_fail_at(l->error, l->path, 0, 0,
                               "%g MHz is no %s clock of the board '%s', and the record has it",
                               hz / 1e6, tdm_domain_names[d], l->board->name);
    }
    return 0;
}

// ---- pieces ------------------------------------------------------------------------------------

enum { START, END, FIXED, CPU, GPU, MEMORY, LEAKAGE, TEMPERATURE, STAGE, REQUEST, CLOCK };
static const char *const piece_columns[] = {
    "start",       "end",   "fixed",   "cpu",       "gpu",       "memory",    "leakage",
    "temperature", "stage", "request", "cpu_clock", "gpu_clock", "emc_clock", NULL};

static int fill_piece(struct loading *l, const struct table *t, size_t i, struct tdm_piece *p)
{
    *p = (struct tdm_piece){
        .start = at(t, START, i),
        .end = at(t, END, i),
        .watts = {at(t, FIXED, i), at(t, CPU, i), at(t, GPU, i), at(t, MEMORY, i),
                  at(t, LEAKAGE, i)},
        .temperature = at(t, TEMPERATURE, i),
        .stage = whole(at(t, STAGE, i)),
        .request = number(at(t, REQUEST, i)),
    };
    if (find_opps(l, t, CLOCK, i, p->opp))
        return -1;
    const struct tdm_piece start = {.request = -1};
    const struct tdm_piece *last = i ? p - 1 : &start;
    const bool good = p->start >= last->end && p->end > p->start && isfinite(p->end) &&
                      p->stage >= 0 && p->stage < TDM_STAGES &&
                      p->request >= (last->request < 0 ? -1 : 0) &&
                      isfinite(tdm_watts_sum(&p->watts)) && isfinite(p->temperature) &&
                      p->opp[TDM_CPU] >= 0 && p->opp[TDM_GPU] >= 0 && p->opp[TDM_EMC] >= 0;
    return good ? 0
                : tdm_fail_at(l->error, l->path, 0, 0, "row %zu of %s/power makes no sense", i,
                              l->where);
}

static int load_pieces(struct loading *l)
{
    char group[LONGEST_PATH];
    snprintf(group, sizeof group, "%s/power", l->where);
    struct tdm_tape *tape = l->tape;
    struct table table = {0};
    int status = read_table(l, group, piece_columns, &table);
    if (status == 0) {
        tape->pieces = calloc(table.count + 1, sizeof *tape->pieces);
        tape->piece_count = table.count;
        status = tape->pieces ? 0 : tdm_fail(l->error, "out of memory");
    }
    for (size_t i = 0; status == 0 && i < table.count; i++)
        status = fill_piece(l, &table, i, &tape->pieces[i]);
    free(table.values);
    while (status == 0 && tape->lead_in < tape->piece_count &&
           tape->pieces[tape->lead_in].request < 0)
        tape->lead_in++;
    return status;
}

// ---- requests ----------------------------------------------------------------------------------

enum {
    BOARD,
    STREAM,
    NUMBER,
    BEGAN,
    LOCK,
    CAP = LOCK + TDM_CLOCKS,
    GOVERNOR = CAP + TDM_CLOCKS,
    CORES,
    PROCESSOR,
    POINT,
    XI,
    BITS,
    THOUGHT,
    VERSION,
    FIRST,
    LEFT
};
static const char *const request_columns[] = {
    "board",   "stream",  "request",  "start",    "cpu_clock", "gpu_clock", "emc_clock",
    "cpu_cap", "gpu_cap", "emc_cap",  "governor", "cores",     "processor", "point",
    "xi",      "bits",    "thinking", "version",  "first",     "exit",      NULL};

static int load_versions(struct loading *l, const char *path, int64_t dnns[TDM_MOST_VERSIONS])
{
    if (tdm_h5_get_integer(l->file, path, "dnn_key", &dnns[0], l->error))
        return -1;
    for (int v = 1; v < TDM_MOST_VERSIONS; v++) {
        char key[32];
        snprintf(key, sizeof key, "dnn_key_%d", v);
        dnns[v] = -1;
        if (tdm_h5_has_attribute(l->file, path, key) &&
            tdm_h5_get_integer(l->file, path, key, &dnns[v], l->error))
            return -1;
    }
    return 0;
}

static int load_dnns(struct loading *l)
{
    for (char path[64]; l->dnn_count < MOST_STREAMS; l->dnn_count++) {
        snprintf(path, sizeof path, "/streams/%zu", l->dnn_count);
        if (!tdm_h5_has(l->file, path))
            break;
        void *more = realloc(l->dnns, (l->dnn_count + 1) * sizeof *l->dnns);
        if (!more)
            return tdm_fail(l->error, "out of memory");
        l->dnns = more;
        if (load_versions(l, path, l->dnns[l->dnn_count]))
            return -1;
    }
    return 0;
}

static int fill_row(struct loading *l, const struct table *t, size_t i, struct row *row)
{
    struct tdm_plan plan = {
        .governor = whole(at(t, GOVERNOR, i)),
        .cores = whole(at(t, CORES, i)),
        .processor = whole(at(t, PROCESSOR, i)),
        .point = whole(at(t, POINT, i)),
        .xi = at(t, XI, i),
        .bits = whole(at(t, BITS, i)),
        .thinking = at(t, THOUGHT, i),
        .first = whole(at(t, FIRST, i)),
        .exit = whole(at(t, LEFT, i)),
    };
    if (find_opps(l, t, LOCK, i, plan.opp) || find_opps(l, t, CAP, i, plan.cap))
        return -1;
    const int64_t stream = number(at(t, STREAM, i)), version = number(at(t, VERSION, i));
    row->start = at(t, BEGAN, i);
    row->take = (struct tdm_take){.request = number(at(t, NUMBER, i))};
    if (stream < 0 || (size_t)stream >= l->dnn_count || row->take.request < 0 || isnan(plan.xi) ||
        isnan(row->start) || version < 0 || version >= TDM_MOST_VERSIONS)
        return tdm_fail_at(l->error, l->path, 0, 0, "row %zu of /requests makes no sense", i);
    row->key = key_of(&plan, l->dnns[stream][version]);
    return 0;
}

// The rows of this board's requests, less those that were dropped.
static int fill_rows(struct loading *l, const struct table *table)
{
    bool *dropped = calloc(table->count + 1, sizeof *dropped);
    l->rows = malloc((table->count + 1) * sizeof *l->rows);
    int status = 0;
    if (!dropped || !l->rows)
        status = tdm_fail(l->error, "out of memory");
    else
        status = tdm_h5_get_array(l->file, "/requests/dropped", TDM_H5_BOOL, table->count, dropped,
                                  l->error);
    for (size_t i = 0; status == 0 && i < table->count; i++)
        if (number(at(table, BOARD, i)) == l->index && !dropped[i])
            status = fill_row(l, table, i, &l->rows[l->row_count++]);
    free(dropped);
    return status;
}

static int load_requests(struct loading *l)
{
    struct table table = {0};
    int status = load_dnns(l);
    if (status == 0)
        status = read_table(l, "/requests", request_columns, &table);
    if (status == 0)
        status = fill_rows(l, &table);
    free(table.values);
    return status;
}

// ---- takes -------------------------------------------------------------------------------------

static int by_request(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return (x->take.request > y->take.request) - (x->take.request < y->take.request);
}

// What has pieces and no row was never answered.
static int add_unplanned(struct loading *l, const struct tdm_take *take)
{
    struct tdm_tape *tape = l->tape;
    struct tdm_take *more = realloc(tape->unplanned, (tape->unplanned_count + 1) * sizeof *more);
    if (!more)
        return tdm_fail(l->error, "out of memory");
    tape->unplanned = more;
    tape->unplanned[tape->unplanned_count++] = *take;
    return 0;
}

// Gives each request its pieces, which follow each other.
static int deal_pieces(struct loading *l)
{
    struct tdm_tape *tape = l->tape;
    if (l->row_count)
        qsort(l->rows, l->row_count, sizeof *l->rows, by_request);
    int status = 0;
    for (size_t from = tape->lead_in, to; status == 0 && from < tape->piece_count; from = to) {
        struct row wanted = {.take = {.request = tape->pieces[from].request, .first = from}};
        for (to = from + 1; to < tape->piece_count; to++)
            if (tape->pieces[to].request != wanted.take.request)
                break;
        wanted.take.count = to - from;
        struct row *row = l->row_count
                              ? bsearch(&wanted, l->rows, l->row_count, sizeof *l->rows, by_request)
                              : NULL;
        if (row && row->take.count)
            status = tdm_fail_at(l->error, l->path, 0, 0, "request %lld has two places in %s/power",
                                 (long long)wanted.take.request, l->where);
        else if (row)
            row->take = wanted.take;
        else
            status = add_unplanned(l, &wanted.take);
    }
    return status;
}

static int group_takes(struct loading *l)
{
    struct tdm_tape *tape = l->tape;
    tape->takes = malloc((l->row_count + 1) * sizeof *tape->takes);
    tape->groups = malloc((l->row_count + 1) * sizeof *tape->groups);
    if (!tape->takes || !tape->groups)
        return tdm_fail(l->error, "out of memory");
    if (l->row_count)
        qsort(l->rows, l->row_count, sizeof *l->rows, by_key);
    for (size_t i = 0; i < l->row_count; i++) {
        const struct row *row = &l->rows[i];
        tape->takes[tape->take_count] = row->take;
        if (i == 0 || compare_keys(&row->key, &l->rows[i - 1].key) != 0)
            tape->groups[tape->group_count++] =
                (struct tdm_take_group){.key = row->key, .first = tape->take_count};
        tape->groups[tape->group_count - 1].count++;
        tape->take_count++;
    }
    return 0;
}

// ---- the file ----------------------------------------------------------------------------------

static int check_format(struct loading *l)
{
    if (!tdm_h5_has_attribute(l->file, "/", "schema_version") ||
        !tdm_h5_has(l->file, "/requests") || !tdm_h5_has(l->file, "/boards"))
        return tdm_fail_at(l->error, l->path, 0, 0, "an HDF5 file, but no record of a run");
    int64_t version;
    if (tdm_h5_get_integer(l->file, "/", "schema_version", &version, l->error))
        return -1;
    if (version != TDM_RECORD_VERSION)
        return tdm_fail_at(l->error, l->path, 0, 0,
                           "a record of version %lld; this tandem reads version %d",
                           (long long)version, TDM_RECORD_VERSION);
    return 0;
}

// Names live only while they are visited.
struct near {
    struct tdm_nearest nearest;
    char best[TDM_H5_NAME], all[256];
};

static void try_board(void *context, const char *name)
{
    struct near *near = context;
    tdm_nearest_try(&near->nearest, name);
    if (near->nearest.best == name)
        snprintf(near->best, sizeof near->best, "%s", name);
    const size_t used = strlen(near->all);
    snprintf(near->all + used, sizeof near->all - used, "%s%s", used ? ", " : "", name);
}

static int find_board(struct loading *l, const char *id)
{
    char name[TDM_H5_NAME];
    snprintf(l->where, sizeof l->where, "/boards/%s", tdm_h5_name(id, name));
    if (!tdm_h5_has(l->file, l->where)) {
        struct near near = {.best = ""};
        tdm_nearest_start(&near.nearest, name);
        tdm_h5_list(l->file, "/boards", try_board, &near, NULL);
        if (near.nearest.best)
            near.nearest.best = near.best;
        return tdm_fail_at(l->error, l->path, 0, 0,
                           "the record has no board '%.64s'%s; it has: %s (name one after a '#': "
                           "'replay:run.h5#ID')",
                           id, tdm_nearest_hint(&near.nearest), near.all);
    }
    int64_t type;
    if (tdm_h5_get_integer(l->file, l->where, "type_key", &type, l->error) ||
        tdm_h5_get_integer(l->file, l->where, "index", &l->index, l->error))
        return -1;
    if (type != tdm_record_key(l->board->name))
        return tdm_fail_at(l->error, l->path, 0, 0,
                           "its board '%.64s' is not of the scenario's type '%s'", id,
                           l->board->name);
    return 0;
}

struct tdm_tape *tdm_tape_load(const char *path, const char *id, const struct tdm_board *board,
                               struct tdm_error *error)
{
    struct loading l = {.board = board, .path = path, .error = error};
    l.tape = calloc(1, sizeof *l.tape);
    l.file = l.tape ? tdm_h5_open(path, error) : NULL;
    if (!l.tape)
        tdm_fail(error, "out of memory");
    int status = l.file ? 0 : -1;
    if (status || check_format(&l) || find_board(&l, id) || load_pieces(&l) || load_requests(&l) ||
        deal_pieces(&l) || group_takes(&l))
        status = -1;
    tdm_h5_close(l.file, NULL);
    free(l.rows);
    free(l.dnns);
    if (status == 0)
        return l.tape;
    tdm_tape_free(l.tape);
    return NULL;
}

void tdm_tape_free(struct tdm_tape *tape)
{
    if (!tape)
        return;
    free(tape->pieces);
    free(tape->takes);
    free(tape->groups);
    free(tape->unplanned);
    free(tape);
}
