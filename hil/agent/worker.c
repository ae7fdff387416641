// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/worker.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "core/error.h"

enum state { IDLE, GIVEN, DONE, ENDING };

struct tdm_worker {
    struct tdm_hw *hw;
    struct tdm_executor *executor;
    struct tdm_inferrer *inferrer;
    struct tdm_sensors *sensors; // NULL: none
    pthread_t thread;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t changed;
    enum state state;
    struct tdm_order order;
    struct tdm_hold *hold;
    bool let_go; // nobody waits for the order any more
    struct tdm_answer answer;
    int ready;        // eventfd
    atomic_bool stop; // what is under way
};

static void sleep_for(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
    while (seconds > 0 && nanosleep(&left, &left) && errno == EINTR)
        ;
}

// ---- what is in force --------------------------------------------------------------------------

static bool is_slowed(enum tdm_finding finding)
{
    return finding == TDM_FINDING_THROTTLED || finding == TDM_FINDING_HELD_DOWN;
}

static void look(struct tdm_hw *hw, struct tdm_hold *hold, double hottest, double hz[TDM_DOMAINS],
                 bool *throttled)
{
    struct tdm_report report;
    const struct tdm_setting nothing = tdm_setting_none();
    const struct tdm_hand hand = {.hw = hw};
    *throttled = false;
    if (!hold || tdm_hold_look(hold, &report, NULL))
        tdm_setting_look(&hand, &nothing, hottest, &report);
    for (int d = 0; d < TDM_DOMAINS; d++) {
        hz[d] = report.clock[d].hz;
        *throttled |= is_slowed(report.clock[d].finding);
    }
}

void tdm_worker_read(struct tdm_hw *hw, struct tdm_hold *hold, struct tdm_sensors *sensors,
                     struct tdm_agent_readings *readings)
{
    readings->power = sensors ? tdm_sensors_total(sensors, NULL) : NAN;
    readings->temperature = sensors ? tdm_sensors_hottest(sensors, NULL) : NAN;
    look(hw, hold, readings->temperature, readings->hz, &readings->throttled);
}

// ---- segments ----------------------------------------------------------------------------------

static double sensor_period(const struct tdm_sensors *sensors)
{
    double period = 0;
    for (size_t i = 0; i < tdm_sensors_count(sensors); i++)
        if (tdm_sensors_at(sensors, i)->kind == TDM_SENSOR_RAIL)
            period = fmax(period, tdm_sensors_at(sensors, i)->period);
    return period;
}

// s that readings still tell of what is over: from JetPack 5 on the INA3221 averages 64 conversions
// of current and voltage, 1.1 ms each, of three channels, and shows that while it makes the next
// average; before, it converts when asked.
static double memory_of(const struct tdm_worker *w)
{
    return tdm_hw_jetpack(w->hw)[0] >= '5' ? 2 * 64 * 2 * 1.1e-3 * 3 : 0;
}

static void look_again(struct tdm_worker *w, struct tdm_agent_segment *segment)
{
    segment->temperature = w->sensors ? tdm_sensors_hottest(w->sensors, NULL) : NAN;
    pthread_mutex_lock(&w->lock); // the hold stays while we look
    look(w->hw, w->hold, segment->temperature, segment->hz, &segment->throttled);
    pthread_mutex_unlock(&w->lock);
}

// J beyond those of rest at `watts`, which the board was at for `seconds` of them.
static double less_rest(struct tdm_energy energy, double watts, double seconds)
{
    return energy.joules - watts * seconds;
}

static double total_quantum(const struct tdm_sensors *sensors)
{
    double square = 0;
    for (size_t i = 0; i < tdm_sensors_count(sensors); i++)
        if (tdm_sensors_at(sensors, i)->total)
            square += tdm_sensors_at(sensors, i)->quantum * tdm_sensors_at(sensors, i)->quantum;
    return sqrt(square);
}

// The energy of work. Readings come late, and look back: so we wait until they show the board at
// rest again, and take off what it has drawn at rest since. The line between the sample before the
// work and the first one in it belongs to it from its beginning on: it makes up for the step that
// it misses. Energies are for `seconds`, which is what the board says that it took: less than our
// watch does by a message.
static void measure_work(struct tdm_worker *w, double from, double to, double seconds,
                         struct tdm_agent_segment *segment)
{
    const double period = sensor_period(w->sensors);
    const double wait = memory_of(w) + 2 * period;
    const double scale = to > from ? seconds / (to - from) : 1;
    sleep_for(to + wait - tdm_sensors_now());
    const double begin = from - period;
    const double end = tdm_sensors_now() - period; // no sample is younger
    const double resting = end - to + period;
    const struct tdm_energy total = tdm_sensors_total_energy(w->sensors, begin, end);
    const double rest = tdm_sensors_total(w->sensors, NULL);
    segment->joules = scale * less_rest(total, rest, resting);
    segment->error =
        scale * sqrt(total.error * total.error + pow(total_quantum(w->sensors) * resting, 2) / 12);
    for (size_t i = 0; i < tdm_sensors_count(w->sensors); i++)
        if (tdm_sensors_at(w->sensors, i)->kind == TDM_SENSOR_RAIL &&
            segment->rail_count < TDM_AGENT_RAILS)
            segment->rail[segment->rail_count++] =
                scale * less_rest(tdm_sensors_energy(w->sensors, i, begin, end),
                                  tdm_sensors_read(w->sensors, i).value, resting);
}

// The energy of a rest: power hardly changes in it, so what was seen of it stands for all of it.
static void measure_rest(struct tdm_worker *w, double from, double to,
                         struct tdm_agent_segment *segment)
{
    const struct tdm_energy total = tdm_sensors_total_energy(w->sensors, from, to);
    const double seconds = to - from;
    const bool seen = total.covered > seconds / 2;
    segment->joules = seen ? total.joules * seconds / total.covered
                           : seconds * tdm_sensors_total(w->sensors, NULL);
    segment->error = seen ? total.error * seconds / total.covered : NAN;
    for (size_t i = 0; i < tdm_sensors_count(w->sensors); i++)
        if (tdm_sensors_at(w->sensors, i)->kind == TDM_SENSOR_RAIL &&
            segment->rail_count < TDM_AGENT_RAILS)
            segment->rail[segment->rail_count++] = seconds * tdm_sensors_read(w->sensors, i).value;
}

static void tell_work(struct tdm_worker *w, double from, double to, double seconds,
                      struct tdm_agent_segment *segment)
{
    segment->seconds = seconds;
    segment->joules = segment->error = NAN;
    look_again(w, segment);
    if (w->sensors)
        measure_work(w, from, to, seconds, segment);
}

static int run(struct tdm_worker *w, struct tdm_answer *answer, struct tdm_error *error)
{
    const struct tdm_vwork_job work = tdm_order_work(&w->order);
    const double from = tdm_sensors_now();
    double seconds;
    if (w->executor->type->run(w->executor, &work, &seconds, error))
        return -1;
    tell_work(w, from, tdm_sensors_now(), seconds, &answer->segment);
    return 0;
}

static int infer(struct tdm_worker *w, struct tdm_answer *answer, struct tdm_error *error)
{
    struct tdm_inferred inferred;
    if (tdm_inferrer_run(w->inferrer, &w->order, &inferred, error))
        return -1;
    answer->inference = inferred.told;
    tell_work(w, inferred.from, inferred.to, inferred.seconds, &answer->segment);
    return 0;
}

static bool is_wanted(struct tdm_worker *w)
{
    pthread_mutex_lock(&w->lock);
    const bool wanted = w->state == GIVEN && !w->let_go && !atomic_load(&w->stop);
    pthread_mutex_unlock(&w->lock);
    return wanted;
}

static int rest(struct tdm_worker *w, struct tdm_answer *answer)
{
    struct tdm_agent_segment *segment = &answer->segment;
    const double from = tdm_sensors_now();
    segment->joules = segment->error = NAN;
    for (double left; (left = from + w->order.seconds - tdm_sensors_now()) > 0 && is_wanted(w);)
        sleep_for(fmin(left, 0.05));
    const double to = tdm_sensors_now();
    segment->seconds = to - from;
    look_again(w, segment);
    if (w->sensors)
        measure_rest(w, from, to, segment);
    return 0;
}

static int set(struct tdm_worker *w, struct tdm_answer *answer, struct tdm_error *error)
{
    const double from = tdm_sensors_now();
    const int status = tdm_hold_set(w->hold, &w->order.setting, &answer->report, error);
    answer->seconds = tdm_sensors_now() - from;
    if (w->sensors &&
        !w->order.hurry) // readings are to tell of these clocks by the time that work begins
        sleep_for(memory_of(w) + 2 * sensor_period(w->sensors));
    return status;
}

// ---- the thread --------------------------------------------------------------------------------

static void carry_out(struct tdm_worker *w, struct tdm_answer *answer)
{
    struct tdm_error error = {0};
    int status = -1;
    *answer = (struct tdm_answer){.kind = w->order.kind, .number = w->order.number};
    if (w->order.kind == TDM_ORDER_RUN)
        status = run(w, answer, &error);
    else if (w->order.kind == TDM_ORDER_INFER)
        status = infer(w, answer, &error);
    else if (w->order.kind == TDM_ORDER_REST)
        status = rest(w, answer);
    else
        status = set(w, answer, &error); // the station gives no other
    if (status) {
        answer->refusal = TDM_REFUSAL_FAILED;
        snprintf(answer->reason, sizeof answer->reason, "%.250s", error.message);
    }
}

static void *work(void *context)
{
    struct tdm_worker *w = context;
    pthread_mutex_lock(&w->lock);
    while (w->state != ENDING) {
        if (w->state != GIVEN) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        pthread_mutex_unlock(&w->lock);
        struct tdm_answer answer;
        carry_out(w, &answer);
        pthread_mutex_lock(&w->lock);
        w->answer = answer;
        if (w->state == GIVEN)
            w->state = DONE;
        eventfd_write(w->ready, 1);
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void wake_up(int signal)
{
    (void)signal;
}

struct tdm_worker *tdm_worker_start(struct tdm_hw *hw, struct tdm_executor *executor,
                                    struct tdm_inferrer *inferrer, struct tdm_sensors *sensors,
                                    int ready)
{
    struct tdm_worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    *w = (struct tdm_worker){
        .hw = hw, .executor = executor, .inferrer = inferrer, .sensors = sensors};
    w->ready = ready;
    executor->stop = &w->stop;
    // A signal is to end what blocks; it has nothing else to do.
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = wake_up}, NULL);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    if (pthread_create(&w->thread, NULL, work, w) == 0)
        return w;
    free(w);
    return NULL;
}

void tdm_worker_stop(struct tdm_worker *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->state = ENDING;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

void tdm_worker_give(struct tdm_worker *w, const struct tdm_order *order, struct tdm_hold *hold)
{
    pthread_mutex_lock(&w->lock);
    assert(w->state == IDLE);
    w->order = *order;
    w->hold = hold;
    w->let_go = false;
    atomic_store(&w->stop, false);
    w->state = GIVEN;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

bool tdm_worker_done(struct tdm_worker *w, struct tdm_answer *answer)
{
    pthread_mutex_lock(&w->lock);
    const bool done = w->state == DONE;
    if (done) {
        *answer = w->answer;
        w->state = IDLE;
        w->hold = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    return done;
}

void tdm_worker_let_go(struct tdm_worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->state == GIVEN && w->order.kind == TDM_ORDER_SET)
        pthread_cond_wait(&w->changed, &w->lock);
    w->hold = NULL;
    w->let_go = true;
    pthread_mutex_unlock(&w->lock);
}

void tdm_worker_interrupt(struct tdm_worker *w)
{
    pthread_mutex_lock(&w->lock);
    if (w->state == GIVEN && w->order.kind != TDM_ORDER_SET) {
        atomic_store(&w->stop, true);
        pthread_kill(w->thread, SIGUSR1);
    }
    pthread_mutex_unlock(&w->lock);
}
