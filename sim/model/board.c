// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/board.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "model/library.h"

const char *const tdm_domain_names[] = {"cpu", "gpu", "emc", NULL};
const char *const tdm_governor_names[] = {"performance",  "powersave", "schedutil", "ondemand",
                                          "conservative", "podgov",    "floor",     NULL};

// ---- the tables --------------------------------------------------------------------------------

#define SOURCE(type) \
    { \
        "source", TDM_NAME, offsetof(struct type, source), "id of the <source> of these numbers", \
            .required = true \
    }
#define QUANTITY(type, field, what, text, ...) \
    { \
#field, TDM_QUANTITY, offsetof(struct type, field), text, .dimension = what, __VA_ARGS__ \
    }

static const struct tdm_attribute opp_attributes[] = {
    {"f", TDM_QUANTITY, offsetof(struct tdm_opp, hz), "frequency", .required = true,
     .dimension = TDM_FREQUENCY, .min = 1e6, .max = 1e10},
    QUANTITY(tdm_opp, volts, TDM_VOLTAGE, "rail voltage, where it is known", .min = 0.3, .max = 2),
    QUANTITY(tdm_opp, v, TDM_PLAIN, "voltage relative to the domain's lowest", .fallback = "1",
             .min = 1, .max = 1.7),
    QUANTITY(tdm_opp, bandwidth, TDM_BANDWIDTH, "emc: what reaches a kernel", .min = 1e6,
             .max = 1e13),
    QUANTITY(tdm_opp, idle, TDM_POWER, "emc: what the idle memory draws above its lowest OPP",
             .fallback = "0 W", .min = 0, .max = 100),
};
static const struct tdm_element opp_element = {
    .name = "opp",
    .help = "one operating point; sorted by rising frequency",
    .size = sizeof(struct tdm_opp),
    .attributes = opp_attributes,
    .attribute_count = TDM_COUNT(opp_attributes),
    TDM_CHILDREN(tdm_domain_info, opps, opp_count),
    .at_least = 1,
    .at_most = 64};

static const struct tdm_attribute domain_attributes[] = {
    {"name", TDM_CHOICE, offsetof(struct tdm_domain_info, domain), "which clock", .required = true,
     .choices = tdm_domain_names},
    {"cores", TDM_INTEGER, offsetof(struct tdm_domain_info, cores), "cpu: number of cores",
     .fallback = "1", .min = 1, .max = 256},
    {"governor", TDM_CHOICE, offsetof(struct tdm_domain_info, governor),
     "what sets the clock when no plan does", .required = true, .choices = tdm_governor_names},
    QUANTITY(tdm_domain_info, period, TDM_TIME, "between two looks of the governor",
             .fallback = "10 ms", .min = 1e-4, .max = 10),
    QUANTITY(tdm_domain_info, stall, TDM_TIME, "nothing runs for so long when the clock changes",
             .fallback = "0 s", .min = 0, .max = 1),
    QUANTITY(tdm_domain_info, settle, TDM_TIME, "until the new clock is in force",
             .fallback = "0 s", .min = 0, .max = 1),
    SOURCE(tdm_domain_info),
    {"voltage-source", TDM_NAME, offsetof(struct tdm_domain_info, voltage_source),
     "id of the <source> of the voltages, if another"},
    {"timing-source", TDM_NAME, offsetof(struct tdm_domain_info, timing_source),
     "of period, stall and settle, if another"},
    {"memory-source", TDM_NAME, offsetof(struct tdm_domain_info, memory_source),
     "emc: of bandwidth and idle power, if another"},
};
static const struct tdm_element *const domain_children[] = {&opp_element, NULL};
static const struct tdm_element domain_element = {
    .name = "domain",
    .help = "things that share a clock: its OPPs, governor, switching costs",
    .size = sizeof(struct tdm_domain_info),
    .attributes = domain_attributes,
    .attribute_count = TDM_COUNT(domain_attributes),
    .children = domain_children,
    TDM_CHILDREN(tdm_board, domains, domain_count),
    .at_least = TDM_DOMAINS,
    .at_most = TDM_DOMAINS};

static const struct tdm_attribute floor_attributes[] = {
    QUANTITY(tdm_floor, gpu, TDM_FREQUENCY, "from this GPU clock on", .required = true),
    QUANTITY(tdm_floor, emc, TDM_FREQUENCY, "the unlocked memory runs at least at this",
             .required = true),
    SOURCE(tdm_floor),
};
static const struct tdm_element floor_element = {
    .name = "floor",
    .help = "memory clock that follows the GPU clock while nothing locks it",
    .size = sizeof(struct tdm_floor),
    .attributes = floor_attributes,
    .attribute_count = TDM_COUNT(floor_attributes),
    TDM_CHILDREN(tdm_board, floors, floor_count),
    .at_least = 1,
    .at_most = 64};

static const struct tdm_attribute mode_attributes[] = {
    {"name", TDM_NAME, offsetof(struct tdm_mode, name), "as nvpmodel calls it", .required = true},
    {"id", TDM_INTEGER, offsetof(struct tdm_mode, id), "nvpmodel's number", .required = true,
     .min = 0, .max = 99},
    {"cores", TDM_INTEGER, offsetof(struct tdm_mode, cores), "CPU cores online", .required = true,
     .min = 1, .max = 256},
    QUANTITY(tdm_mode, cpu, TDM_FREQUENCY, "CPU cap; none: uncapped", .min = 1e6, .max = 1e10),
    QUANTITY(tdm_mode, gpu, TDM_FREQUENCY, "GPU cap", .min = 1e6, .max = 1e10),
    QUANTITY(tdm_mode, emc, TDM_FREQUENCY, "memory cap", .min = 1e6, .max = 1e10),
    {"cpu-min", TDM_QUANTITY, offsetof(struct tdm_mode, cpu_min), "lowest CPU clock",
     .dimension = TDM_FREQUENCY},
    {"default", TDM_FLAG, offsetof(struct tdm_mode, is_default), "after flashing"},
    SOURCE(tdm_mode),
};
static const struct tdm_element mode_element = {.name = "mode",
                                                .help = "a power mode of nvpmodel",
                                                .size = sizeof(struct tdm_mode),
                                                .attributes = mode_attributes,
                                                .attribute_count = TDM_COUNT(mode_attributes),
                                                TDM_CHILDREN(tdm_board, modes, mode_count),
                                                .at_most = 64,
                                                .key = "name"};

static const struct tdm_attribute rail_attributes[] = {
    {"name", TDM_NAME, offsetof(struct tdm_rail, name), "as the kernel labels it",
     .required = true},
    {"covers", TDM_TEXT, offsetof(struct tdm_rail, covers), "what it feeds", .required = true},
    {"total", TDM_FLAG, offsetof(struct tdm_rail, total),
     "the board's power is the sum of these rails"},
    QUANTITY(tdm_rail, idle, TDM_POWER,
             "what it adds to the board's power where a fit does not cover it", .fallback = "0 W",
             .min = 0, .max = 100),
    {"cpu", TDM_QUANTITY, offsetof(struct tdm_rail, share_cpu),
     "share of the model's CPU power that it carries", .dimension = TDM_SHARE, .fallback = "0 %",
     .min = 0, .max = 1},
    {"gpu", TDM_QUANTITY, offsetof(struct tdm_rail, share_gpu), "the same of the GPU's power",
     .dimension = TDM_SHARE, .fallback = "0 %", .min = 0, .max = 1},
    {"emc", TDM_QUANTITY, offsetof(struct tdm_rail, share_emc), "the same of the memory's power",
     .dimension = TDM_SHARE, .fallback = "0 %", .min = 0, .max = 1},
    {"rest", TDM_QUANTITY, offsetof(struct tdm_rail, share_rest), "the same of all other power",
     .dimension = TDM_SHARE, .fallback = "0 %", .min = 0, .max = 1},
    QUANTITY(tdm_rail, quantum, TDM_POWER, "the sensor's step", .fallback = "0 W", .min = 0,
             .max = 10),
    QUANTITY(tdm_rail, period, TDM_TIME, "between two useful readings", .fallback = "100 ms",
             .min = 1e-4, .max = 60),
    {"sensor", TDM_TEXT, offsetof(struct tdm_rail, sensor), "I2C bus-address and channel"},
    SOURCE(tdm_rail),
    {"share-source", TDM_NAME, offsetof(struct tdm_rail, share_source),
     "of shares and period, if another"},
};
static const struct tdm_element rail_element = {.name = "rail",
                                                .help = "a power rail and the sensor that reads it",
                                                .size = sizeof(struct tdm_rail),
                                                .attributes = rail_attributes,
                                                .attribute_count = TDM_COUNT(rail_attributes),
                                                TDM_CHILDREN(tdm_board, rails, rail_count),
                                                .at_least = 1,
                                                .at_most = 32,
                                                .key = "name"};

static const struct tdm_attribute trip_attributes[] = {
    QUANTITY(tdm_trip, above, TDM_TEMPERATURE, "while hotter than this", .required = true,
             .min = -50, .max = 200),
    QUANTITY(tdm_trip, cpu, TDM_FREQUENCY, "cap of the CPU clock", .min = 1e6, .max = 1e10),
    QUANTITY(tdm_trip, gpu, TDM_FREQUENCY, "cap of the GPU clock", .min = 1e6, .max = 1e10),
    QUANTITY(tdm_trip, emc, TDM_FREQUENCY, "cap of the memory clock", .min = 1e6, .max = 1e10),
};
static const struct tdm_element trip_element = {.name = "trip",
                                                .help =
                                                    "a temperature above which clocks are capped",
                                                .size = sizeof(struct tdm_trip),
                                                .attributes = trip_attributes,
                                                .attribute_count = TDM_COUNT(trip_attributes),
                                                TDM_CHILDREN(tdm_thermal, trips, trip_count),
                                                .at_most = 16};

static const struct tdm_attribute thermal_attributes[] = {
    QUANTITY(tdm_thermal, resistance, TDM_HEAT_RESISTANCE, "from junction to ambient",
             .required = true, .min = 0, .max = 1000),
    QUANTITY(tdm_thermal, capacity, TDM_HEAT_CAPACITY, "of board and heat sink", .required = true,
             .min = 1e-3, .max = 1e6),
    QUANTITY(tdm_thermal, ambient, TDM_TEMPERATURE, "around the board", .fallback = "25 degC",
             .min = -50, .max = 100),
    QUANTITY(tdm_thermal, reference, TDM_TEMPERATURE, "at which the power coefficients hold",
             .fallback = "45 degC", .min = -50, .max = 150),
    QUANTITY(tdm_thermal, leakage, TDM_PER_KELVIN, "leakage grows by exp(this * kelvin)",
             .fallback = "0 /K", .min = 0, .max = 0.1),
    QUANTITY(tdm_thermal, hysteresis, TDM_TEMPERATURE, "below a trip before its caps are lifted",
             .fallback = "2 degC", .min = 0, .max = 50),
    SOURCE(tdm_thermal),
};
static const struct tdm_element *const thermal_children[] = {&trip_element, NULL};
static const struct tdm_element thermal_element = {
    .name = "thermal",
    .help = "one RC: how the board heats and what throttles it",
    .size = sizeof(struct tdm_thermal),
    .attributes = thermal_attributes,
    .attribute_count = TDM_COUNT(thermal_attributes),
    .children = thermal_children,
    TDM_CHILDREN(tdm_board, thermals, thermal_count),
    .at_least = 1,
    .at_most = 1};

static const struct tdm_attribute processor_attributes[] = {
    {"name", TDM_NAME, offsetof(struct tdm_processor, name), "gpu, cpu, dla", .required = true},
    {"domain", TDM_CHOICE, offsetof(struct tdm_processor, domain), "whose clock it runs at",
     .required = true, .choices = tdm_domain_names},
    QUANTITY(tdm_processor, flop, TDM_PLAIN, "FLOP a cycle that it sustains (not for the gpu)",
             .min = 1e-3, .max = 1e6),
    QUANTITY(tdm_processor, bandwidth, TDM_SHARE, "of the memory bandwidth that it can use",
             .fallback = "100 %", .min = 0.01, .max = 1),
    QUANTITY(tdm_processor, utilisation, TDM_SHARE, "of its domain while a stage runs on it",
             .fallback = "100 %", .min = 0, .max = 1),
    QUANTITY(tdm_processor, peak, TDM_COMPUTE, "on the data sheet", .min = 1e6, .max = 1e18),
    SOURCE(tdm_processor),
};
static const struct tdm_element processor_element = {
    .name = "processor",
    .help = "what runs stages",
    .size = sizeof(struct tdm_processor),
    .attributes = processor_attributes,
    .attribute_count = TDM_COUNT(processor_attributes),
    TDM_CHILDREN(tdm_board, processors, processor_count),
    .at_least = 1,
    .at_most = 8,
    .key = "name"};

static const struct tdm_attribute sysfs_attributes[] = {
    {"jetpack", TDM_TEXT, offsetof(struct tdm_sysfs, jetpack), "4, 5 or 6", .required = true},
    {"knob", TDM_NAME, offsetof(struct tdm_sysfs, knob), "what it sets or reads", .required = true},
    {"path", TDM_TEXT, offsetof(struct tdm_sysfs, path), "below the root; * matches in a name",
     .required = true},
    {"unit", TDM_TEXT, offsetof(struct tdm_sysfs, unit), "what the file counts in"},
    SOURCE(tdm_sysfs),
};
static const struct tdm_element sysfs_element = {.name = "sysfs",
                                                 .help =
                                                     "where the kernel keeps a knob or a reading",
                                                 .size = sizeof(struct tdm_sysfs),
                                                 .attributes = sysfs_attributes,
                                                 .attribute_count = TDM_COUNT(sysfs_attributes),
                                                 TDM_CHILDREN(tdm_board, sysfs, sysfs_count),
                                                 .at_most = 256};

static const struct tdm_attribute board_attributes[] = {
    {"name", TDM_NAME, offsetof(struct tdm_board, name), "what scenarios call it",
     .required = true},
    {"title", TDM_TEXT, offsetof(struct tdm_board, title), "for people", .required = true},
    QUANTITY(tdm_board, pmax, TDM_POWER, "power budget: Pmax of the cost", .required = true,
             .min = 0.1, .max = 1000),
    {"pmax-source", TDM_NAME, offsetof(struct tdm_board, pmax_source),
     "id of the <source> of pmax and memory", .required = true},
    QUANTITY(tdm_board, memory, TDM_SIZE, "RAM", .required = true, .min = 1e6, .max = 1e13),
    QUANTITY(tdm_board, jitter, TDM_PLAIN, "sigma of the lognormal factor on stage times",
             .fallback = "0", .min = 0, .max = 1),
    {"jitter-source", TDM_NAME, offsetof(struct tdm_board, jitter_source),
     "id of the <source> of jitter, thinking and pack"},
    QUANTITY(tdm_board, thinking, TDM_TIME, "a learned policy's decision at the top CPU clock",
             .fallback = "0 s", .min = 0, .max = 1),
    QUANTITY(tdm_board, pack, TDM_PLAIN,
             "bytes that one CPU core quantises or compresses in a cycle", .fallback = "0.5",
             .min = 1e-3, .max = 100),
};
static const struct tdm_element source_element = TDM_SOURCE_ELEMENT(tdm_board);
static const struct tdm_element *const board_children[] = {
    &source_element,    &domain_element,  &floor_element,     &mode_element,
    &rail_element,      &thermal_element, &processor_element, &tdm_latency_element,
    &tdm_power_element, &tdm_fit_element, &sysfs_element,     NULL};
const struct tdm_element tdm_board_schema = {.name = "board",
                                             .help = "an edge device",
                                             .size = sizeof(struct tdm_board),
                                             .attributes = board_attributes,
                                             .attribute_count = TDM_COUNT(board_attributes),
                                             .children = board_children};

// ---- checks that tables cannot express ---------------------------------------------------------

static int check_domain(const struct tdm_board *board, const struct tdm_domain_info *domain,
                        struct tdm_error *error)
{
    for (size_t i = 1; i < domain->opp_count; i++)
        if (domain->opps[i].hz <= domain->opps[i - 1].hz)
            return tdm_fail_at(error, board->path, domain->opps[i].place.line,
                               domain->opps[i].place.column,
                               "OPPs are sorted by rising frequency, this one is not above the "
                               "one before");
    return 0;
}

static int place_domains(struct tdm_board *board, struct tdm_error *error)
{
    for (size_t i = 0; i < board->domain_count; i++) {
        const struct tdm_domain_info *domain = &board->domains[i];
        if (board->domain[domain->domain])
            return tdm_fail_at(error, board->path, domain->place.line, domain->place.column,
                               "the domain '%s' is there twice", tdm_domain_names[domain->domain]);
        board->domain[domain->domain] = domain;
        if (check_domain(board, domain, error))
            return -1;
    }
    return 0;
}

static int check_clock(const struct tdm_board *board, enum tdm_domain domain, double hz,
                       struct tdm_place place, struct tdm_error *error)
{
    if (isnan(hz) || tdm_domain_opp(board->domain[domain], hz) >= 0)
        return 0;
    char text[64];
    return tdm_fail_at(
        error, board->path, place.line, place.column, "%s is not an OPP of the domain '%s'",
        tdm_quantity_format(hz, TDM_FREQUENCY, 7, text, sizeof text), tdm_domain_names[domain]);
}

static int check_mode(const struct tdm_board *board, const struct tdm_mode *mode,
                      struct tdm_error *error)
{
    const struct tdm_place at = mode->place;
    if (check_clock(board, TDM_CPU, mode->cpu, at, error) ||
        check_clock(board, TDM_CPU, mode->cpu_min, at, error) ||
        check_clock(board, TDM_GPU, mode->gpu, at, error) ||
        check_clock(board, TDM_EMC, mode->emc, at, error))
        return -1;
    const int64_t cores = board->domain[TDM_CPU]->cores;
    if (mode->cores > cores)
        return tdm_fail_at(error, board->path, at.line, at.column,
                           "the mode '%.64s' has more cores than the board's %" PRId64, mode->name,
                           cores);
    if (mode->cpu_min > mode->cpu)
        return tdm_fail_at(error, board->path, at.line, at.column,
                           "the mode '%.64s' has a 'cpu-min' above its 'cpu'", mode->name);
    for (const struct tdm_mode *other = board->modes; other < mode; other++) {
        if (other->id == mode->id)
            return tdm_fail_at(error, board->path, at.line, at.column,
                               "the modes '%.64s' and '%.64s' have the same id", other->name,
                               mode->name);
        if (other->is_default && mode->is_default)
            return tdm_fail_at(error, board->path, at.line, at.column,
                               "the modes '%.64s' and '%.64s' are both the default", other->name,
                               mode->name);
    }
    return 0;
}

static int check_clocks(const struct tdm_board *board, struct tdm_error *error)
{
    for (size_t i = 0; i < board->floor_count; i++) {
        const struct tdm_floor *floor = &board->floors[i];
        if (check_clock(board, TDM_GPU, floor->gpu, floor->place, error) ||
            check_clock(board, TDM_EMC, floor->emc, floor->place, error))
            return -1;
        if (i && floor->gpu <= floor[-1].gpu)
            return tdm_fail_at(error, board->path, floor->place.line, floor->place.column,
                               "floors are sorted by rising GPU clock");
    }
    for (size_t i = 0; i < board->mode_count; i++)
        if (check_mode(board, &board->modes[i], error))
            return -1;
    const struct tdm_thermal *thermal = &board->thermals[0];
    for (size_t i = 0; i < thermal->trip_count; i++) {
        const struct tdm_trip *trip = &thermal->trips[i];
        if (check_clock(board, TDM_CPU, trip->cpu, trip->place, error) ||
            check_clock(board, TDM_GPU, trip->gpu, trip->place, error) ||
            check_clock(board, TDM_EMC, trip->emc, trip->place, error))
            return -1;
        if (i && trip->above <= trip[-1].above)
            return tdm_fail_at(error, board->path, trip->place.line, trip->place.column,
                               "trips are sorted by rising temperature");
    }
    return 0;
}

static int check_sources(const struct tdm_board *board, struct tdm_error *error)
{
    const struct tdm_source *s = board->sources;
    const size_t n = board->source_count;
    int bad = tdm_source_check(s, n, board->pmax_source, board->path, board->place, error);
    bad = bad || tdm_source_check(s, n, board->jitter_source, board->path, board->place, error);
#define CHECK(items, count) \
    for (size_t i = 0; i < board->count && !bad; i++) \
        bad = tdm_source_check(s, n, board->items[i].source, board->path, board->items[i].place, \
                               error);
    CHECK(domains, domain_count)
    for (size_t i = 0; i < board->domain_count && !bad; i++) {
        const struct tdm_domain_info *d = &board->domains[i];
        bad = tdm_source_check(s, n, d->voltage_source, board->path, d->place, error) ||
              tdm_source_check(s, n, d->timing_source, board->path, d->place, error) ||
              tdm_source_check(s, n, d->memory_source, board->path, d->place, error);
    }
    CHECK(floors, floor_count)
    CHECK(modes, mode_count)
    CHECK(rails, rail_count)
    for (size_t i = 0; i < board->rail_count && !bad; i++)
        bad = tdm_source_check(s, n, board->rails[i].share_source, board->path,
                               board->rails[i].place, error);
    CHECK(thermals, thermal_count)
    CHECK(processors, processor_count)
    CHECK(sysfs, sysfs_count)
    CHECK(latencies, latency_count)
    CHECK(powers, power_count)
    CHECK(fits, fit_count)
#undef CHECK
    return bad ? -1 : 0;
}

static int check_shares(const struct tdm_board *board, struct tdm_error *error)
{
    static const char *const names[] = {"cpu", "gpu", "emc", "rest"};
    double sums[4] = {0};
    for (size_t i = 0; i < board->rail_count; i++) {
        const struct tdm_rail *rail = &board->rails[i];
        if (strchr(rail->name, '+'))
            return tdm_fail_at(error, board->path, rail->place.line, rail->place.column,
                               "'%.64s' holds a '+', which joins rails to sets", rail->name);
        const double shares[] = {rail->share_cpu, rail->share_gpu, rail->share_emc,
                                 rail->share_rest};
        for (size_t k = 0; k < TDM_COUNT(sums) && rail->total; k++) {
            sums[k] += shares[k];
            if (sums[k] > 1 + 1e-9)
                return tdm_fail_at(error, board->path, rail->place.line, rail->place.column,
                                   "up to here the total rails carry more than 100 %% of the "
                                   "'%s' power",
                                   names[k]);
        }
    }
    return 0;
}

static int check_rails(const struct tdm_board *board, struct tdm_error *error)
{
    if (check_shares(board, error))
        return -1;
    for (size_t i = 0; i < board->power_count; i++) {
        struct tdm_error why = {0};
        if (isnan(tdm_board_rails_gap(board, board->powers[i].rails, &why)))
            return tdm_fail_at(error, board->path, board->powers[i].place.line,
                               board->powers[i].place.column, "%s", why.message);
    }
    return 0;
}

static int check_board(struct tdm_board *board, struct tdm_error *error)
{
    if (place_domains(board, error) || check_clocks(board, error) || check_sources(board, error) ||
        check_rails(board, error))
        return -1;
    if (tdm_fits_resolve(board, error))
        return -1;
    if (!tdm_board_processor(board, "gpu"))
        return tdm_fail_at(error, board->path, board->place.line, board->place.column,
                           "a board has a <processor name=\"gpu\">: the fits belong to it");
    return 0;
}

struct tdm_board *tdm_board_load(const char *name_or_path, struct tdm_error *error)
{
    struct tdm_arena *arena;
    struct tdm_board *board =
        tdm_library_load("boards", name_or_path, &tdm_board_schema, &arena, error);
    if (!board)
        return NULL;
    board->arena = arena;
    board->path = tdm_library_path("boards", name_or_path, arena);
    if (check_board(board, error)) {
        tdm_board_free(board);
        return NULL;
    }
    return board;
}

void tdm_board_free(struct tdm_board *board)
{
    if (board)
        tdm_arena_free(board->arena);
}

void tdm_board_write(const struct tdm_board *board, FILE *stream)
{
    tdm_schema_write(&tdm_board_schema, board, stream);
}

// ---- questions ---------------------------------------------------------------------------------

int tdm_domain_opp(const struct tdm_domain_info *domain, double hz)
{
    for (size_t i = 0; i < domain->opp_count; i++)
        if (fabs(domain->opps[i].hz - hz) <= 1e-3 * domain->opps[i].hz)
            return (int)i;
    return -1;
}

int tdm_domain_round(const struct tdm_domain_info *domain, double hz)
{
    size_t i = 0;
    while (i + 1 < domain->opp_count && domain->opps[i].hz < hz * (1 - 1e-6))
        i++;
    return (int)i;
}

int tdm_board_floor(const struct tdm_board *board, double gpu_hz)
{
    const struct tdm_domain_info *emc = board->domain[TDM_EMC];
    int opp = 0;
    for (size_t i = 0; i < board->floor_count; i++)
        if (gpu_hz >= board->floors[i].gpu * (1 - 1e-6))
            opp = tdm_domain_opp(emc, board->floors[i].emc);
    return opp;
}

const struct tdm_mode *tdm_board_mode(const struct tdm_board *board, const char *name)
{
    for (size_t i = 0; i < board->mode_count; i++)
        if (strcmp(board->modes[i].name, name) == 0)
            return &board->modes[i];
    return NULL;
}

const struct tdm_processor *tdm_board_processor(const struct tdm_board *board, const char *name)
{
    for (size_t i = 0; i < board->processor_count; i++)
        if (strcmp(board->processors[i].name, name) == 0)
            return &board->processors[i];
    return NULL;
}

static const struct tdm_rail *find_rail(const struct tdm_board *board, const char *name,
                                        size_t length)
{
    for (size_t i = 0; i < board->rail_count; i++)
        if (strlen(board->rails[i].name) == length &&
            memcmp(board->rails[i].name, name, length) == 0)
            return &board->rails[i];
    return NULL;
}

static bool in_set(const char *rails, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = rails; (at = strstr(at, name)); at += length)
        if ((at == rails || at[-1] == '+') && (at[length] == '\0' || at[length] == '+'))
            return true;
    return false;
}

double tdm_board_rails_gap(const struct tdm_board *board, const char *rails,
                           struct tdm_error *error)
{
    for (const char *at = rails; *at; at += at[0] == '+') {
        const size_t length = strcspn(at, "+");
        if (!find_rail(board, at, length)) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)length, at);
            struct tdm_nearest nearest;
            tdm_nearest_start(&nearest, name);
            for (size_t i = 0; i < board->rail_count; i++)
                tdm_nearest_try(&nearest, board->rails[i].name);
            tdm_fail(error, "the board '%s' has no rail '%s'%s", board->name, name,
                     tdm_nearest_hint(&nearest));
            return NAN;
        }
        at += length;
    }
    double gap = 0;
    for (size_t i = 0; i < board->rail_count; i++)
        if (board->rails[i].total && !in_set(rails, board->rails[i].name))
            gap += board->rails[i].idle;
    return gap;
}
