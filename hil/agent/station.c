// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/station.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/error.h"
#include "hil/agent/infer.h"
#include "hil/agent/keeper.h"
#include "hil/board/rails.h"

static const double first_samples = 2; // s that sensors get before anybody asks
static const double earlier = 0.9;     // of a lease: when the agent ends it, before the guardian
static const double again = 0.01;      // s between attempts to end work

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

    struct tdm_keeper *keeper;
    int ready; // eventfd of both

    enum { FREE, TAKING, HELD, RETURNING } state;
    struct tdm_hold *hold;        // while it is held
    struct tdm_client controller; // who has it, or is about to
    char who[TDM_AGENT_NAME];
    double lease, renewed;    // s; of tdm_sensors_now
    struct tdm_client waiter; // for the keeper; of size 0: nobody
    uint64_t waiter_number;   // of the request
    struct tdm_client next;   // wants the board as soon as it is free; of size 0: nobody
    struct tdm_order next_order;
    bool working; // the worker has an order of `asker`
    struct tdm_client asker;
    double given_up; // s: when it is not wanted any more
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
    s->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->ready < 0)
        return tdm_fail_errno(error, "eventfd", "cannot be had");
    s->worker = tdm_worker_start(s->hw, s->executor, s->inferrer, s->sensors, s->ready);
    s->keeper = s->worker ? tdm_keeper_start(s->hw, s->worker, s->ready) : NULL;
    return s->keeper ? 0 : tdm_fail(error, "out of memory");
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
    s->ready = -1;
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

// From now on nobody has the board, and what is under way is not wanted.
static void put_back(struct tdm_station *s)
{
    s->state = RETURNING;
    s->given_up = tdm_sensors_now();
    tdm_keeper_put_back(s->keeper, s->hold);
    s->hold = NULL;
}

// The keeper's job is done: what that means for the board.
static void go_on(struct tdm_station *s, const struct tdm_kept *kept)
{
    if (s->state == RETURNING || !kept->hold) {
        s->state = FREE;
        if (kept->wrong)
            tdm_say(&s->options.saying, "%d knobs are not as they were", kept->wrong);
        return;
    }
    s->state = HELD;
    s->hold = kept->hold;
    s->renewed = tdm_sensors_now();
    tdm_say(&s->options.saying, "%s has taken the board, for leases of %g s", s->who, s->lease);
}

int tdm_station_close(struct tdm_station *s)
{
    struct tdm_kept kept = {0};
    if (!s)
        return 0;
    while (s->state != FREE) {
        if (s->state == HELD)
            put_back(s);
        tdm_keeper_done(s->keeper, true, &kept);
        go_on(s, &kept);
    }
    tdm_keeper_stop(s->keeper);
    if (s->worker)
        tdm_worker_interrupt(s->worker);
    tdm_worker_stop(s->worker);
    if (s->ready >= 0)
        close(s->ready);
    if (s->sensors)
        tdm_sensors_stop(s->sensors);
    tdm_inferrer_free(s->inferrer);
    tdm_servers_free(s->servers);
    if (s->executor)
        s->executor->type->close(s->executor);
    tdm_networks_free(s->networks);
    free(s);
    return kept.wrong;
}

// ---- orders ------------------------------------------------------------------------------------

static bool is_controller(const struct tdm_station *s, const struct tdm_client *client)
{
    return s->state != FREE && s->controller.session == client->session;
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

static void wait_for_keeper(struct tdm_station *s, const struct tdm_client *client,
                            const struct tdm_order *order)
{
    s->waiter = *client;
    s->waiter_number = order->number;
}

// Once the board is as it was, and nobody works on it any more.
static void take_next(struct tdm_station *s)
{
    const struct tdm_order *order = &s->next_order;
    if (!s->next.size || s->state != FREE || s->working)
        return;
    struct tdm_hold_options options = s->options.hold;
    if (order->lease > 0)
        options.lease = order->lease;
    s->state = TAKING;
    s->controller = s->next;
    s->lease = options.lease;
    snprintf(s->who, sizeof s->who, "%s", order->who[0] ? order->who : "somebody");
    wait_for_keeper(s, &s->next, order);
    s->next.size = 0;
    tdm_keeper_take(s->keeper, &options);
}

static bool take(struct tdm_station *s, const struct tdm_client *client,
                 const struct tdm_order *order, struct tdm_answer *answer)
{
    if (s->state == TAKING || s->state == HELD)
        return is_controller(s, client)
                   ? refuse(answer, TDM_REFUSAL_ORDER, "you have the board")
                   : refuse(answer, TDM_REFUSAL_HELD, "%s has the board", s->who);
    if (s->next.size)
        return refuse(answer, TDM_REFUSAL_HELD, "somebody else is the next to have the board");
    s->next = *client;
    s->next_order = *order;
    take_next(s);
    return false;
}

static bool release(struct tdm_station *s, const struct tdm_client *client,
                    const struct tdm_order *order)
{
    tdm_say(&s->options.saying, "%s releases the board", s->who);
    wait_for_keeper(s, client, order);
    put_back(s);
    return false;
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
    if (s->state == TAKING || (s->state == HELD && !is_controller(s, client)))
        return refuse(answer, TDM_REFUSAL_HELD, "%s has the board", s->who);
    if (s->state != HELD)
        return refuse(answer, TDM_REFUSAL_NOT_YOURS,
                      "the board is not yours: it was not taken, or the lease is over and it is as "
                      "it was before");
    if (tdm_hold_renew(s->hold, &error))
        return refuse(answer, TDM_REFUSAL_NOT_YOURS, "%.250s", error.message);
    s->renewed = tdm_sensors_now();
    if (order->kind == TDM_ORDER_RENEW)
        return true;
    if (order->kind == TDM_ORDER_RELEASE)
        return release(s, client, order);
    if (s->working)
        return refuse(answer, TDM_REFUSAL_BUSY, "an order is under way");
    if (order->kind == TDM_ORDER_LOOK)
        return look(s, answer);
    s->working = true;
    s->asker = *client;
    s->given_up = order->kind == TDM_ORDER_RUN ? s->renewed + order->seconds : INFINITY;
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
        if (s->state == HELD && is_controller(s, client) && tdm_hold_renew(s->hold, NULL) == 0)
            s->renewed = tdm_sensors_now();
        tdm_worker_read(s->hw, s->hold, s->sensors, &answer->readings);
        return true;
    case TDM_ORDER_TAKE:
        return take(s, client, order, answer);
    default:
        return control(s, client, order, answer);
    }
}

// ---- answers that come later -------------------------------------------------------------------

int tdm_station_descriptor(const struct tdm_station *s)
{
    return s->ready;
}

static void answer_of_keeper(struct tdm_station *s, const struct tdm_kept *kept,
                             struct tdm_client *client, struct tdm_answer *answer)
{
    const bool taking = s->state == TAKING;
    *client = s->waiter;
    s->waiter.size = 0;
    *answer = (struct tdm_answer){.number = s->waiter_number,
                                  .kind = taking ? TDM_ORDER_NONE : TDM_ORDER_RELEASE,
                                  .wrong = kept->wrong};
    if (taking && !kept->hold)
        refuse(answer, TDM_REFUSAL_FAILED, "%.250s", kept->error.message);
    go_on(s, kept);
    take_next(s);
}

bool tdm_station_done(struct tdm_station *s, struct tdm_client *client, struct tdm_answer *answer)
{
    eventfd_t count;
    struct tdm_kept kept;
    eventfd_read(s->ready, &count); // before looking: what is done after that shows again
    if (tdm_keeper_done(s->keeper, false, &kept)) {
        answer_of_keeper(s, &kept, client, answer);
        return true;
    }
    if (!tdm_worker_done(s->worker, answer))
        return false;
    *client = s->asker;
    s->working = false;
    take_next(s);
    return true;
}

uint64_t tdm_station_holder(const struct tdm_station *s)
{
    return s->state == FREE ? 0 : s->controller.session;
}

double tdm_station_due(const struct tdm_station *s)
{
    const double lease = s->state == HELD ? s->renewed + earlier * s->lease : INFINITY;
    const double work = s->working ? s->given_up : INFINITY;
    return fmin(lease, work) - tdm_sensors_now();
}

void tdm_station_check(struct tdm_station *s)
{
    const double now = tdm_sensors_now();
    if (s->state == HELD && s->renewed + earlier * s->lease <= now) {
        tdm_say(&s->options.saying, "%s is silent: the board is put back", s->who);
        put_back(s);
    }
    if (s->working && s->given_up <= now) {
        tdm_worker_interrupt(s->worker);
        s->given_up = now + again; // a signal may come a moment before what it is to end
    }
}
