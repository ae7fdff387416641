// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/client/agent.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "core/error.h"
#include "hil/keys/zap.h"
#include "hil/wire/message.h"

static const double usual_deadline = 5; // s
static const double renewals = 4;       // a lease
static const double releasing = 30;     // s that putting a board back may take
static const double longest = 3600;     // s that the protocol gives work

// One thread at a time has the socket: the caller during a call, else the keeper of the lease.
struct tdm_agent {
    void *context, *dealer;
    char uri[256], who[TDM_AGENT_NAME];
    double deadline;
    uint64_t number; // of the last request
    struct tdm_agent_welcome welcome;
    struct tdm_answer answer; // the last one
    pthread_mutex_t lock;
    double lease;   // s; 0: not taken
    double renewed; // s of now(), when the last request was sent
    bool lost;      // the agent says that it is not ours any more
    pthread_t keeper;
    bool keeping;
    atomic_bool end;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// ---- messages ----------------------------------------------------------------------------------

static int send_order(struct tdm_agent *agent, struct tdm_order *order, struct tdm_error *error)
{
    size_t size;
    order->number = ++agent->number;
    order->session = order->kind == TDM_ORDER_HELLO ? 0 : agent->welcome.session;
    uint8_t *bytes = tdm_message_of_order(order, &size);
    if (!bytes)
        return tdm_fail(error, "out of memory");
    const int sent = zmq_send(agent->dealer, bytes, size, ZMQ_DONTWAIT);
    free(bytes);
    agent->renewed = now();
    return sent >= 0 ? 0
                     : tdm_fail_at(error, agent->uri, 0, 0, "nothing can be sent: %s",
                                   zmq_strerror(errno));
}

// One message into agent->answer. -1: it is no reply.
static int receive(struct tdm_agent *agent)
{
    zmq_msg_t frame;
    int more = 1, frames = 0, status = -1;
    zmq_msg_init(&frame);
    while (more && zmq_msg_recv(&frame, agent->dealer, ZMQ_DONTWAIT) >= 0) {
        more = zmq_msg_more(&frame);
        if (frames++ == 0)
            status = tdm_message_answer(zmq_msg_data(&frame), zmq_msg_size(&frame), &agent->answer);
    }
    zmq_msg_close(&frame);
    if (status == 0 && (agent->answer.refusal == TDM_REFUSAL_NOT_YOURS ||
                        agent->answer.refusal == TDM_REFUSAL_STALE))
        agent->lost = true;
    return frames == 1 ? status : -1;
}

static void renew_if_due(struct tdm_agent *agent)
{
    struct tdm_order renew = {.kind = TDM_ORDER_RENEW};
    if (agent->lease > 0 && !agent->lost && now() - agent->renewed >= agent->lease / renewals)
        send_order(agent, &renew, NULL);
}

static double pause_of(const struct tdm_agent *agent)
{
    return agent->lease > 0 ? fmin(agent->lease / renewals / 2, 0.5) : 0.5;
}

// Waits for the reply to `number`, keeping the lease meanwhile.
static int wait_answer(struct tdm_agent *agent, uint64_t number, double patience,
                       struct tdm_error *error)
{
    const double until = now() + patience;
    zmq_pollitem_t item = {.socket = agent->dealer, .events = ZMQ_POLLIN};
    for (;;) {
        const double rest = fmin(until - now(), pause_of(agent));
        renew_if_due(agent);
        if (rest <= 0)
            return tdm_fail_at(error, agent->uri, 0, 0, "no answer within %.3g s", patience);
        if (zmq_poll(&item, 1, (long)ceil(1e3 * rest)) <= 0)
            continue;
        if (receive(agent))
            return tdm_fail_at(error, agent->uri, 0, 0,
                               "what came is no reply of a tandem-agent of this version");
        if (agent->answer.number == number)
            return 0;
    }
}

// Sends it and waits for an answer of that kind, into `into`: the keeper of the lease may receive
// the next one as soon as the lock is free.
static int call(struct tdm_agent *agent, struct tdm_order *order, double patience,
                enum tdm_order_kind kind, struct tdm_answer *into, struct tdm_error *error)
{
    pthread_mutex_lock(&agent->lock);
    int status = send_order(agent, order, error);
    if (status == 0)
        status = wait_answer(agent, order->number, patience + agent->deadline, error);
    const struct tdm_answer *answer = &agent->answer;
    if (status == 0 && answer->refusal != TDM_REFUSAL_NONE)
        status = tdm_fail_at(error, agent->uri, 0, 0, "%s", answer->reason);
    else if (status == 0 && kind != TDM_ORDER_NONE && answer->kind != kind)
        status = tdm_fail_at(error, agent->uri, 0, 0, "it answers something else");
    if (status == 0 && into)
        *into = *answer;
    pthread_mutex_unlock(&agent->lock);
    return status;
}

// ---- the lease ---------------------------------------------------------------------------------

static void *keep(void *context)
{
    struct tdm_agent *agent = context;
    while (!atomic_load(&agent->end)) {
        double pause = 0.01;
        if (pthread_mutex_trylock(&agent->lock) == 0) {
            zmq_pollitem_t item = {.socket = agent->dealer, .events = ZMQ_POLLIN};
            while (zmq_poll(&item, 1, 0) > 0)
                receive(agent);
            renew_if_due(agent);
            pause = fmin(pause_of(agent), 0.05);
            pthread_mutex_unlock(&agent->lock);
        }
        nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * pause)}, NULL);
    }
    return NULL;
}

static void stop_keeping(struct tdm_agent *agent)
{
    atomic_store(&agent->end, true);
    if (agent->keeping)
        pthread_join(agent->keeper, NULL);
    agent->keeping = false;
}

// ---- opening and closing -----------------------------------------------------------------------

static int set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int trust(struct tdm_agent *agent, const struct tdm_agent_options *options,
                 struct tdm_error *error)
{
    struct tdm_keys keys;
    char there[TDM_KEY_TEXT];
    if (!options->key != !options->agent)
        return tdm_fail(error, "our pair of keys and the agent's public key go together");
    if (!options->key)
        return 0;
    const int status = tdm_keys_read(&keys, options->key, error) ||
                               tdm_keys_read_public(there, options->agent, error) ||
                               tdm_zap_trust(agent->dealer, &keys, there, error)
                           ? -1
                           : 0;
    memset(&keys, 0, sizeof keys);
    return status;
}

static int connect_to(struct tdm_agent *agent, const struct tdm_agent_options *options,
                      struct tdm_error *error)
{
    const int64_t largest = TDM_WIRE_LARGEST_REPLY;
    agent->context = zmq_ctx_new();
    agent->dealer = agent->context ? zmq_socket(agent->context, ZMQ_DEALER) : NULL;
    if (!agent->dealer)
        return tdm_fail(error, "out of memory");
    if (trust(agent, options, error))
        return -1;
    if (set(agent->dealer, ZMQ_LINGER, 0) ||
        set(agent->dealer, ZMQ_IPV6, strncmp(agent->uri, "tcp://[", 7) == 0) ||
        zmq_setsockopt(agent->dealer, ZMQ_MAXMSGSIZE, &largest, sizeof largest) ||
        zmq_connect(agent->dealer, agent->uri))
        return tdm_fail_at(error, agent->uri, 0, 0, "cannot connect: %s", zmq_strerror(errno));
    return 0;
}

static int greet(struct tdm_agent *agent, struct tdm_error *error)
{
    struct tdm_error why = {0};
    struct tdm_answer answer;
    struct tdm_order hello = {.kind = TDM_ORDER_HELLO};
    if (call(agent, &hello, 0, TDM_ORDER_HELLO, &answer, &why))
        return tdm_fail_at(error, agent->uri, 0, 0,
                           "no tandem-agent answers there, or it does not know our key: %s",
                           why.message);
    agent->welcome = answer.welcome;
    return 0;
}

static void name_us(struct tdm_agent *agent, const char *who)
{
    char host[40] = "";
    gethostname(host, sizeof host - 1);
    const char *user = getenv("USER");
    if (who)
        snprintf(agent->who, sizeof agent->who, "%s", who);
    else
        snprintf(agent->who, sizeof agent->who, "%.20s@%s", user ? user : "somebody", host);
}

struct tdm_agent *tdm_agent_open(const char *uri, const struct tdm_agent_options *options,
                                 struct tdm_error *error)
{
    struct tdm_agent *agent = calloc(1, sizeof *agent);
    if (!agent) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&agent->lock, NULL);
    agent->deadline = options->deadline > 0 ? options->deadline : usual_deadline;
    name_us(agent, options->who);
    if ((size_t)snprintf(agent->uri, sizeof agent->uri, "%s", uri) >= sizeof agent->uri)
        tdm_fail(error, "the address '%.64s…' is too long", uri);
    else if (connect_to(agent, options, error) == 0 && greet(agent, error) == 0) {
        agent->keeping = pthread_create(&agent->keeper, NULL, keep, agent) == 0;
        if (agent->keeping)
            return agent;
        tdm_fail(error, "out of memory");
    }
    tdm_agent_close(agent);
    return NULL;
}

void tdm_agent_close(struct tdm_agent *agent)
{
    if (!agent)
        return;
    if (agent->lease > 0 && !agent->lost)
        tdm_agent_release(agent, NULL, NULL);
    stop_keeping(agent);
    if (agent->dealer)
        zmq_close(agent->dealer);
    if (agent->context)
        zmq_ctx_term(agent->context);
    pthread_mutex_destroy(&agent->lock);
    free(agent);
}

const struct tdm_agent_welcome *tdm_agent_welcome(const struct tdm_agent *agent)
{
    return &agent->welcome;
}

// ---- calls -------------------------------------------------------------------------------------

int tdm_agent_take(struct tdm_agent *agent, double lease, struct tdm_error *error)
{
    struct tdm_order take = {.kind = TDM_ORDER_TAKE, .lease = lease};
    snprintf(take.who, sizeof take.who, "%s", agent->who);
    // What somebody who died has left may have to be put back first.
    if (call(agent, &take, releasing, TDM_ORDER_NONE, NULL, error))
        return -1;
    pthread_mutex_lock(&agent->lock);
    agent->lease = lease > 0 ? lease : agent->welcome.lease;
    agent->lost = false;
    pthread_mutex_unlock(&agent->lock);
    return 0;
}

int tdm_agent_release(struct tdm_agent *agent, int *wrong, struct tdm_error *error)
{
    struct tdm_answer answer;
    struct tdm_order release = {.kind = TDM_ORDER_RELEASE};
    const int status = call(agent, &release, releasing, TDM_ORDER_RELEASE, &answer, error);
    pthread_mutex_lock(&agent->lock);
    agent->lease = 0;
    pthread_mutex_unlock(&agent->lock);
    if (status == 0 && wrong)
        *wrong = answer.wrong;
    return status;
}

int tdm_agent_renew(struct tdm_agent *agent, struct tdm_error *error)
{
    struct tdm_order renew = {.kind = TDM_ORDER_RENEW};
    return call(agent, &renew, 0, TDM_ORDER_NONE, NULL, error);
}

int tdm_agent_set(struct tdm_agent *agent, const struct tdm_setting *setting, bool hurry,
                  struct tdm_report *report, double *seconds, struct tdm_error *error)
{
    struct tdm_answer answer;
    struct tdm_order order = {.kind = TDM_ORDER_SET, .setting = *setting, .hurry = hurry};
    if (call(agent, &order, releasing, TDM_ORDER_SET, &answer, error))
        return -1;
    *report = answer.report;
    if (seconds)
        *seconds = answer.seconds;
    return 0;
}

int tdm_agent_look(struct tdm_agent *agent, struct tdm_report *report, struct tdm_error *error)
{
    struct tdm_answer answer;
    struct tdm_order order = {.kind = TDM_ORDER_LOOK};
    if (call(agent, &order, 0, TDM_ORDER_SET, &answer, error))
        return -1;
    *report = answer.report;
    return 0;
}

static int name_work(struct tdm_order *order, const struct tdm_vwork_job *work,
                     struct tdm_error *error)
{
    const char *const names[] = {work->dnn, work->mode, work->precision, work->processor};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i] && (size_t)snprintf(order->names[i], sizeof order->names[i], "%s", names[i]) >=
                            sizeof order->names[i])
            return tdm_fail(error, "the name '%.64s…' is too long", names[i]);
    return 0;
}

int tdm_agent_run(struct tdm_agent *agent, const struct tdm_vwork_job *work, double most,
                  struct tdm_agent_segment *segment, struct tdm_error *error)
{
    struct tdm_answer answer;
    struct tdm_order order = {.kind = TDM_ORDER_RUN, .work = *work, .seconds = fmin(most, longest)};
    if (name_work(&order, work, error) || call(agent, &order, most, TDM_ORDER_RUN, &answer, error))
        return -1;
    *segment = answer.segment;
    return 0;
}

int tdm_agent_infer(struct tdm_agent *agent, const struct tdm_vwork_job *work,
                    const struct tdm_infer *infer, double most, struct tdm_inference *inference,
                    struct tdm_agent_segment *segment, struct tdm_error *error)
{
    struct tdm_answer answer;
    struct tdm_order order = {.kind = TDM_ORDER_INFER, .work = *work, .infer = *infer};
    if (name_work(&order, work, error) ||
        call(agent, &order, most, TDM_ORDER_INFER, &answer, error))
        return -1;
    *segment = answer.segment;
    *inference = answer.inference;
    return 0;
}

int tdm_agent_rest(struct tdm_agent *agent, double seconds, struct tdm_agent_segment *segment,
                   struct tdm_error *error)
{
    struct tdm_answer answer;
    struct tdm_order order = {.kind = TDM_ORDER_REST, .seconds = seconds};
    if (call(agent, &order, seconds, TDM_ORDER_RUN, &answer, error))
        return -1;
    *segment = answer.segment;
    return 0;
}

int tdm_agent_read(struct tdm_agent *agent, struct tdm_agent_readings *readings,
                   struct tdm_error *error)
{
    struct tdm_answer answer;
    struct tdm_order order = {.kind = TDM_ORDER_READ};
    if (call(agent, &order, 0, TDM_ORDER_READ, &answer, error))
        return -1;
    *readings = answer.readings;
    return 0;
}
