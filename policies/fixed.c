// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

// The settings as text: they mean something only with a board and a dnn.
struct settings {
    char *pairs[16][2];
    int count;
    char *text;
    struct tdm_plan *plans; // one a stream
};

static const char *const keys[] = {"cpu",     "gpu",  "emc",        "cut",
                                   "xi",      "bits", "processor",  "link",
                                   "version", "exit", "link-share", "server-share"};

static int check_key(const char *key, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, key);
    for (size_t i = 0; i < TDM_COUNT(keys); i++) {
        if (strcmp(keys[i], key) == 0)
            return 0;
        tdm_nearest_try(&nearest, keys[i]);
    }
    return tdm_fail(error, "the policy 'fixed' knows no setting '%.32s'%s", key,
                    tdm_nearest_hint(&nearest));
}

static int split(struct settings *s, struct tdm_error *error)
{
    char *rest = NULL;
    for (char *item = strtok_r(s->text, ";", &rest); item; item = strtok_r(NULL, ";", &rest)) {
        char *equals = strchr(item, '=');
        if (!equals)
            return tdm_fail(error, "'%.32s' is not a setting; write KEY=VALUE;KEY=VALUE", item);
        *equals = '\0';
        if (check_key(item, error))
            return -1;
        if (s->count == 16)
            return tdm_fail(error, "too many settings");
        s->pairs[s->count][0] = item;
        s->pairs[s->count++][1] = equals + 1;
    }
    return 0;
}

static int set_clock(const struct tdm_board *board, int domain, const char *value, int *opp,
                     struct tdm_error *error)
{
    double hz;
    if (strcmp(value, "governed") == 0) {
        *opp = TDM_GOVERNED;
        return 0;
    }
    if (strcmp(value, "top") == 0) {
        *opp = (int)board->domain[domain]->opp_count - 1;
        return 0;
    }
    if (tdm_quantity_parse(value, TDM_FREQUENCY, &hz, error))
        return -1;
    *opp = tdm_domain_opp(board->domain[domain], hz);
    return *opp >= 0 ? 0
                     : tdm_fail(error, "%s is not an OPP of %s on the board '%s'", value,
                                tdm_domain_names[domain], board->name);
}

static int set_point(const struct tdm_dnn *dnn, const char *value, struct tdm_plan *plan,
                     struct tdm_error *error)
{
    plan->xi = 1;
    if (strcmp(value, "none") == 0) {
        plan->point = (int)dnn->cut_count + 1;
        plan->xi = 0;
        return 0;
    }
    plan->point = 0;
    if (strcmp(value, "input") == 0)
        return 0;
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, value);
    for (size_t i = 0; i < dnn->cut_count; i++) {
        if (strcmp(dnn->cuts[i].after, value) == 0)
            plan->point = (int)i + 1;
        tdm_nearest_try(&nearest, dnn->cuts[i].after);
    }
    return plan->point ? 0
                       : tdm_fail(error, "'%s' has no cut after '%.64s'%s", dnn->name, value,
                                  tdm_nearest_hint(&nearest));
}

static int set_version(const struct tdm_stream *stream, const char *value, struct tdm_plan *plan,
                       struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, value);
    for (int v = 0; v < stream->version_count; v++) {
        const char *name = stream->versions[v].dnn->name;
        if (strcmp(name, value) == 0) {
            plan->version = v;
            plan->point = (int)stream->versions[v].dnn->cut_count + 1;
            return 0;
        }
        tdm_nearest_try(&nearest, name);
    }
    return tdm_fail(error, "the stream of the board '%.64s' has no version '%.64s'%s",
                    stream->board_id, value, tdm_nearest_hint(&nearest));
}

static int set_exit(const struct tdm_dnn *dnn, const char *value, struct tdm_plan *plan,
                    struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, value);
    plan->exit = 0;
    for (size_t i = 0; i < dnn->exit_count; i++) {
        if (strcmp(dnn->exits[i].name, value) == 0)
            plan->exit = (int)i + 1;
        tdm_nearest_try(&nearest, dnn->exits[i].name);
    }
    if (!plan->exit && strcmp(value, "none") != 0)
        return tdm_fail(error, "'%s' has no exit '%.64s'%s", dnn->name, value,
                        tdm_nearest_hint(&nearest));
    plan->point = (int)tdm_dnn_until(dnn, plan->exit)->cut_count + 1;
    return 0;
}

static int set_number(const char *key, const char *value, struct tdm_plan *plan,
                      struct tdm_error *error)
{
    double number;
    if (tdm_quantity_parse(value, TDM_SHARE, &number, error))
        return -1;
    if (strcmp(key, "xi") == 0 && number > 0 && number <= 1)
        plan->xi = number;
    else if (strcmp(key, "link-share") == 0 && number > 0 && number <= 1)
        plan->link_share = number;
    else if (strcmp(key, "server-share") == 0 && number > 0 && number <= 1)
        plan->server_share = number;
    else if (strcmp(key, "bits") == 0 && (number == 8 || number == 16 || number == 32))
        plan->bits = (int)number;
    else if (strcmp(key, "link") == 0 && number >= 0 && number < 1e6 && number == (int)number)
        plan->link = (int)number;
    else
        return tdm_fail(error, "'%.16s' is no value for '%s'", value, key);
    return 0;
}

// As far as it runs.
static const struct tdm_dnn *network_of(const struct tdm_stream *stream,
                                        const struct tdm_plan *plan)
{
    return tdm_dnn_until(stream->versions[plan->version].dnn, plan->exit);
}

static int apply(const char *key, const char *value, const struct tdm_scenario *scenario,
                 const struct tdm_stream *stream, struct tdm_plan *plan, struct tdm_error *error)
{
    const struct tdm_board *board = scenario->boards[stream->board].board;
    for (int d = 0; d < TDM_CLOCKS; d++)
        if (strcmp(key, tdm_domain_names[d]) == 0)
            return set_clock(board, d, value, &plan->opp[d], error);
    if (strcmp(key, "cut") == 0)
        return set_point(network_of(stream, plan), value, plan, error);
    if (strcmp(key, "exit") == 0)
        return set_exit(stream->versions[plan->version].dnn, value, plan, error);
    if (strcmp(key, "version") == 0)
        return set_version(stream, value, plan, error);
    if (strcmp(key, "processor") == 0) {
        const struct tdm_processor *processor = tdm_board_processor(board, value);
        if (!processor)
            return tdm_fail(error, "the board '%s' has no processor '%.32s'", board->name, value);
        plan->processor = (int)(processor - board->processors);
        return 0;
    }
    return set_number(key, value, plan, error);
}

// The scenario's tables hold its own levels of xi and of the exits only.
static int check_plan(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                      const struct tdm_plan *plan, struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    struct tdm_levels levels;
    bool known = plan->xi == 0 || plan->xi == 1;
    int status = arena ? tdm_levels_read(&levels, scenario, stream, arena, error)
                       : tdm_fail(error, "out of memory");
    for (int i = 0; status == 0 && i < levels.xi_count; i++)
        known |= levels.xi[i] > plan->xi - 1e-9 && levels.xi[i] < plan->xi + 1e-9;
    if (status == 0 && !known)
        status = tdm_fail(error, "xi=%g is none of the scenario's levels", plan->xi);
    if (status == 0 && plan->exit && !tdm_levels_has_exit(&levels, plan->version, plan->exit))
        status = tdm_fail(error, "the scenario frees no exit '%s' of '%s' (<knobs exit=\"all\"/>)",
                          network_of(stream, plan)->exit, network_of(stream, plan)->name);
    if (status == 0 && plan->xi > 0 && (size_t)plan->point > network_of(stream, plan)->cut_count)
        status = tdm_fail(error, "xi is the share beyond a cut; say cut=LAYER, too");
    if (status == 0 && plan->xi > 0 && plan->point == 0 && plan->xi < 1)
        status = tdm_fail(error, "the input has no channels to share; leave xi out");
    if (status == 0 && plan->xi > 0 && plan->link >= levels.link_count)
        status = tdm_fail(error, "the board '%s' has %d link(s); links count from 0",
                          scenario->boards[stream->board].id, levels.link_count);
    tdm_arena_free(arena);
    return status;
}

static const char *const first[] = {"version", "exit", "cut"}; // in turn; then all others

static size_t turn_of(const char *key)
{
    size_t turn = 0;
    while (turn < TDM_COUNT(first) && strcmp(key, first[turn]) != 0)
        turn++;
    return turn;
}

static int make_plan(const struct settings *s, const struct tdm_scenario *scenario,
                     const struct tdm_stream *stream, struct tdm_plan *plan,
                     struct tdm_error *error)
{
    const struct tdm_board *board = scenario->boards[stream->board].board;
    *plan = (struct tdm_plan){
        .cap = {-1, -1, -1}, .governor = -1, .bits = 32, .point = (int)stream->dnn->cut_count + 1};
    for (int d = 0; d < TDM_CLOCKS; d++)
        plan->opp[d] = (int)board->domain[d]->opp_count - 1;
    plan->processor = (int)(tdm_board_processor(board, "gpu") - board->processors);
    // The version first, which has exits and cuts of its own; the exit, which has those before it;
    // then the cut: it says that all is sent, unless xi says another share.
    for (size_t turn = 0; turn <= TDM_COUNT(first); turn++)
        for (int i = 0; i < s->count; i++)
            if (turn_of(s->pairs[i][0]) == turn &&
                apply(s->pairs[i][0], s->pairs[i][1], scenario, stream, plan, error))
                return -1;
    return check_plan(scenario, stream, plan, error);
}

static void close_fixed(struct tdm_policy *policy)
{
    struct settings *s = policy->own;
    if (!s)
        return;
    free(s->text);
    free(s->plans);
    free(s);
}

static int open_fixed(struct tdm_policy *policy, const char *argument, uint64_t seed,
                      struct tdm_error *error)
{
    (void)seed;
    const struct tdm_scenario *scenario = policy->scenario;
    struct settings *s = calloc(1, sizeof *s);
    policy->own = s;
    if (s) {
        s->text = strdup(argument);
        s->plans = calloc(scenario->stream_count, sizeof *s->plans);
    }
    int status = s && s->text && s->plans ? split(s, error) : tdm_fail(error, "out of memory");
    for (size_t i = 0; status == 0 && i < scenario->stream_count; i++)
        status = make_plan(s, scenario, &scenario->streams[i], &s->plans[i], error);
    if (status)
        close_fixed(policy);
    return status;
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct settings *s = policy->own;
    *plan = s->plans[state->stream];
}

const struct tdm_policy_type tdm_policy_fixed = {
    .name = "fixed",
    .summary = "the same plan for every request",
    .help = "fixed:KEY=VALUE;KEY=VALUE…  top clocks and all on the board, but for what is said:\n"
            "  cpu, gpu, emc  a clock (\"921.6 MHz\"), top, or governed\n"
            "  cut            none, input, or the layer to cut after\n"
            "  xi             share of the channels beyond the cut that is sent (default 1)\n"
            "  bits           8, 16 or 32\n"
            "  processor      gpu, cpu, …\n"
            "  link           index of the board's link, from 0\n"
            "  version        one of the stream's networks\n"
            "  exit           none, or one of its exits that the scenario frees\n"
            "  link-share     of the link, and\n"
            "  server-share   of the server that each board is allotted (with --engine analytic:)",
    .open = open_fixed,
    .decide = decide,
    .close = close_fixed,
};
