// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/station.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "hil/agent/infer.h"
#include "hil/agent/worker.h"
#include "hil/board/rails.h"

static const double first_samples = 2; // s that sensors get before anybody asks
static const double earlier = 0.9;     // of a lease: when the agent ends it, before the guardian

// s between readings of power. JetPack 4's show the moment (a conversion takes 2.2 ms), later ones
// an average whose beginning and end must be seen: what is read seldom misses short work.
static const double often = 0.02;

struct tdm_station {
    struct tdm_hw *hw;
    const char *root;
    struct tdm_station_options options;
    struct tdm_networks *networks;
    struct tdm_servers *servers;
    struct tdm_executor *executor;
    struct tdm_inferrer *inferrer;
    struct tdm_sensors *sensors; // NULL: none that works
    struct tdm_worker *worker;
    struct tdm_agent_welcome welcome;

    struct tdm_hold *hold; // NULL: nobody has the board
    struct tdm_client controller;
    char who[TDM_AGENT_NAME];
    double lease, renewed; // s; of tdm_sensors_now
    bool working;          // the worker has an order of `asker`
    struct tdm_client asker;
};

// ---- what it says of itself --------------------------------------------------------------------

static void describe_sensors(struct tdm_station *s)
{
    struct tdm_agent_welcome *welcome = &s->welcome;
    const char *covers = "no power sensor";
    for (size_t i = 0; s->sensors && i < tdm_sensors_count(s->sensors); i++) {
        const struct tdm_sensor *sensor = tdm_sensors_at(s->sensors, i);
        if (sensor->kind != TDM_SENSOR_RAIL || welcome->rail_count == TDM_AGENT_RAILS)
            continue;
        snprintf(welcome->rails[welcome->rail_count++], TDM_AGENT_NAME, "%s", sensor->name);
        welcome->sensor_period = fmax(welcome->sensor_period, sensor->period);
    }
    if (s->sensors)
        tdm_sensors_total(s->sensors, &covers);
    snprintf(welcome->covers, sizeof welcome->covers, "%s", covers);
}

static bool is_virtual(const char *root)
{
    struct tdm_vwork *work = tdm_vwork_open(root);
    tdm_vwork_close(work);
    return work != NULL;
}

static void describe(struct tdm_station *s)
{
    const struct tdm_board *board = tdm_hw_board(s->hw);
    struct tdm_agent_welcome *welcome = &s->welcome;
    snprintf(welcome->agent, sizeof welcome->agent, "%s", TANDEM_VERSION);
    snprintf(welcome->board, sizeof welcome->board, "%s", board->name);
    snprintf(welcome->variant, sizeof welcome->variant, "JetPack %s", tdm_hw_jetpack(s->hw));
    welcome->real = !is_virtual(s->root);
    welcome->cores = (int)board->domain[TDM_CPU]->cores;
    welcome->lease = s->options.hold.lease;
    for (int d = 0; d < TDM_DOMAINS; d++) {
        const int count =
            tdm_hw_table(s->hw, (enum tdm_domain)d, welcome->opps[d].hz, TDM_AGENT_OPPS);
        welcome->opps[d].count = count > 0 ? count : 0;
    }
    snprintf(welcome->executors[welcome->executor_count++], TDM_AGENT_NAME, "%s",
             s->executor->type->name);
    describe_sensors(s);
}

// ---- opening and closing -----------------------------------------------------------------------

// What really computes, and what stands in for the board.
static int open_executor(struct tdm_station *s, struct tdm_error *error)
{
    s->networks = tdm_networks_new(&s->options.networks, error);
    if (!s->networks)
        return -1;
    const struct tdm_executor_setup setup = {s->hw, s->root, s->networks};
    s->executor = tdm_executor_open(s->options.executor, &setup, error);
    if (!s->executor)
        return -1;
    s->servers = tdm_servers_new(s->options.cloud);
    s->inferrer = tdm_inferrer_new(s->executor, s->networks, s->servers);
    return s->servers && s->inferrer ? 0 : tdm_fail(error, "out of memory");
}

static int start(struct tdm_station *s, struct tdm_error *error)
{
    const struct tdm_sensors_options all = {.rails = true, .zones = true, .period = often};
    struct tdm_error why = {0};
    if (open_executor(s, error))
        return -1;
    s->sensors = tdm_sensors_start(s->hw, &all, &why);
    if (s->sensors)
        tdm_sensors_wait(s->sensors, first_samples);
    else
        tdm_say(&s->options.saying, "goes on without sensors: %s", why.message);
    s->worker = tdm_worker_start(s->hw, s->executor, s->inferrer, s->sensors);
    return s->worker ? 0 : tdm_fail(error, "out of memory");
}

struct tdm_station *tdm_station_open(struct tdm_hw *hw, const char *root,
                                     const struct tdm_station_options *options,
                                     struct tdm_error *error)
{
    struct tdm_station *s = calloc(1, sizeof *s);
    if (!s) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    s->hw = hw;
    s->root = root;
    s->options = *options;
    if (start(s, error)) {
        tdm_station_close(s);
        return NULL;
    }
    describe(s);
    return s;
}

static int put_back(struct tdm_station *s)
{
    tdm_worker_let_go(s->worker);
    const int wrong = tdm_hold_end(s->hold);
    s->hold = NULL;
    if (wrong)
        tdm_say(&s->options.saying, "%d knobs are not as they were", wrong);
    return wrong;
}

int tdm_station_close(struct tdm_station *s)
{
    if (!s)
        return 0;
    const int wrong = s->hold ? put_back(s) : 0;
    tdm_worker_stop(s->worker);
    if (s->sensors)
        tdm_sensors_stop(s->sensors);
    tdm_inferrer_free(s->inferrer);
    tdm_servers_free(s->servers);
    if (s->executor)
        s->executor->type->close(s->executor);
    tdm_networks_free(s->networks);
    free(s);
    return wrong;
}

// ---- orders ------------------------------------------------------------------------------------

static bool same(const struct tdm_client *a, const struct tdm_client *b)
{
    return a->size == b->size && memcmp(a->id, b->id, a->size) == 0;
}

static bool refuse(struct tdm_answer *answer, enum tdm_refusal refusal, const char *format, ...)
    TDM_PRINTF(3, 4);

static bool refuse(struct tdm_answer *answer, enum tdm_refusal refusal, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    answer->refusal = refusal;
    vsnprintf(answer->reason, sizeof answer->reason, format, arguments);
    va_end(arguments);
    return true;
}

static bool take(struct tdm_station *s, const struct tdm_client *client,
                 const struct tdm_order *order, struct tdm_answer *answer)
{
    struct tdm_error error = {0};
    if (s->hold && !same(&s->controller, client))
        return refuse(answer, TDM_REFUSAL_HELD, "%s has the board", s->who);
    if (s->working)
        return refuse(answer, TDM_REFUSAL_BUSY, "the board is still at work for who had it");
    if (s->hold)
        return refuse(answer, TDM_REFUSAL_ORDER, "you have the board");
    struct tdm_hold_options options = s->options.hold;
    if (order->lease > 0)
        options.lease = order->lease;
    s->hold = tdm_hold_start(s->hw, &options, &error);
    if (!s->hold)
        return refuse(answer, TDM_REFUSAL_FAILED, "%.250s", error.message);
    s->controller = *client;
    s->lease = options.lease;
    s->renewed = tdm_sensors_now();
    snprintf(s->who, sizeof s->who, "%s", order->who[0] ? order->who : "somebody");
    tdm_say(&s->options.saying, "%s has taken the board, for leases of %g s", s->who, s->lease);
    return true;
}

static bool release(struct tdm_station *s, struct tdm_answer *answer)
{
    answer->kind = TDM_ORDER_RELEASE;
    answer->wrong = put_back(s);
    tdm_say(&s->options.saying, "%s has released the board", s->who);
    return true;
}

static bool look(struct tdm_station *s, struct tdm_answer *answer)
{
    struct tdm_error error = {0};
    answer->kind = TDM_ORDER_LOOK;
    if (tdm_hold_look(s->hold, &answer->report, &error))
        return refuse(answer, TDM_REFUSAL_NOT_YOURS, "%.250s", error.message);
    return true;
}

// Any order of the controller's renews its lease.
static bool control(struct tdm_station *s, const struct tdm_client *client,
                    const struct tdm_order *order, struct tdm_answer *answer)
{
    struct tdm_error error = {0};
    if (!s->hold || !same(&s->controller, client))
        return refuse(answer, s->hold ? TDM_REFUSAL_HELD : TDM_REFUSAL_NOT_YOURS, "%s%s",
                      s->hold ? s->who : "the board is not yours: it was not taken, or the lease",
                      s->hold ? " has the board" : " is over and it is as it was before");
    if (tdm_hold_renew(s->hold, &error))
        return refuse(answer, TDM_REFUSAL_NOT_YOURS, "%.250s", error.message);
    s->renewed = tdm_sensors_now();
    if (order->kind == TDM_ORDER_RENEW)
        return true;
    if (order->kind == TDM_ORDER_RELEASE)
        return release(s, answer);
    if (s->working)
        return refuse(answer, TDM_REFUSAL_BUSY, "an order is under way");
    if (order->kind == TDM_ORDER_LOOK)
        return look(s, answer);
    s->working = true;
    s->asker = *client;
    tdm_worker_give(s->worker, order, s->hold);
    return false;
}

bool tdm_station_take(struct tdm_station *s, const struct tdm_client *client,
                      const struct tdm_order *order, struct tdm_answer *answer)
{
    *answer = (struct tdm_answer){.number = order->number};
    switch (order->kind) {
    case TDM_ORDER_HELLO:
        answer->kind = TDM_ORDER_HELLO;
        answer->welcome = s->welcome;
        return true;
    case TDM_ORDER_READ:
        answer->kind = TDM_ORDER_READ;
        if (s->hold && same(&s->controller, client) && tdm_hold_renew(s->hold, NULL) == 0)
            s->renewed = tdm_sensors_now();
        tdm_worker_read(s->hw, s->hold, s->sensors, &answer->readings);
        return true;
    case TDM_ORDER_TAKE:
        return take(s, client, order, answer);
    default:
        return control(s, client, order, answer);
    }
}

int tdm_station_descriptor(const struct tdm_station *s)
{
    return tdm_worker_descriptor(s->worker);
}

bool tdm_station_done(struct tdm_station *s, struct tdm_client *client, struct tdm_answer *answer)
{
    if (!tdm_worker_done(s->worker, answer))
        return false;
    *client = s->asker;
    s->working = false;
    return true;
}

double tdm_station_due(const struct tdm_station *s)
{
    return s->hold ? s->renewed + earlier * s->lease - tdm_sensors_now() : INFINITY;
}

void tdm_station_check(struct tdm_station *s)
{
    if (tdm_station_due(s) > 0)
        return;
    tdm_say(&s->options.saying, "%s is silent: the board is put back", s->who);
    put_back(s);
}
