// SPDX-License-Identifier: GPL-3.0-or-later
// A host's order to an agent and back, over TCP with CURVE keys, against a bare ZeroMQ echo in a
// process of its own with the same keys and as many bytes each way. Times are of the clock: both
// sides wait for another process.
#include "bench.h"

#ifdef TANDEM_LINK

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <zmq.h>

#include "hil/client/agent.h"
#include "hil/keys/zap.h"
#include "hil/wire/message.h"
#include "program.h"

enum { CALLS = 200 /* a round */, PATH = BENCH_PLACE };

struct race {
    struct bench *bench;
    struct tdm_error error;
    char folder[64];
    pid_t vboard, agent, echo;
    struct tdm_keys host, server;
    char agent_uri[PATH], echo_uri[PATH];
    struct tdm_agent *connection;
    void *context, *dealer;
    size_t there, back; // bytes of a message
};

// ---- the echo ----------------------------------------------------------------------------------

static void echo(const struct race *race, int out)
{
    char identity[256], message[4096] = "", uri[PATH];
    size_t size = sizeof uri;
    const int yes = 1;
    void *context = zmq_ctx_new(), *router = zmq_socket(context, ZMQ_ROUTER);
    zmq_setsockopt(router, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, race->server.secret_key, TDM_KEY_TEXT);
    if (zmq_bind(router, "tcp://127.0.0.1:*") ||
        zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, uri, &size) || write(out, uri, size) < 0)
        _exit(1);
    for (;;) {
        const int who = zmq_recv(router, identity, sizeof identity, 0);
        if (who < 0 || zmq_recv(router, message, sizeof message, 0) < 0)
            _exit(1);
        zmq_send(router, identity, (size_t)who, ZMQ_SNDMORE);
        zmq_send(router, message, race->back, 0);
    }
}

static int start_echo(struct race *race)
{
    int out[2];
    if (pipe(out))
        return -1;
    race->echo = fork();
    if (race->echo == 0)
        echo(race, out[1]);
    close(out[1]);
    const ssize_t got = read(out[0], race->echo_uri, sizeof race->echo_uri);
    close(out[0]);
    race->context = zmq_ctx_new();
    race->dealer = zmq_socket(race->context, ZMQ_DEALER);
    return got > 0 &&
                   !tdm_zap_trust(race->dealer, &race->host, race->server.public_key,
                                  &race->error) &&
                   !zmq_connect(race->dealer, race->echo_uri)
               ? 0
               : -1;
}

// ---- the agent ---------------------------------------------------------------------------------

static int write_known(const struct race *race, const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return -1;
    fprintf(file, "%s host\n", race->host.public_key);
    return fclose(file);
}

static int start_agent(struct race *race)
{
    struct tdm_error *error = &race->error;
    char paths[5][2 * PATH], board[PATH], public_key[2 * PATH + 4];
    const char *const names[] = {"host", "agent", "known", "board", "state"};
    for (int i = 0; i < 5; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", race->folder, names[i]);
    const char *const of_board[] = {"tandem-vboard", "--board", "nano", "--jetpack", "4",
                                    "--folder",      paths[3],  NULL};
    const char *const of_agent[] = {
        "tandem-agent", "--root", paths[3],  "--listen", "tcp://127.0.0.1:*", "--key", paths[1],
        "--known",      paths[2], "--state", paths[4],   "--lease",           "60 s",  NULL};
    if (tdm_keys_write(&race->host, paths[0], error) ||
        tdm_keys_write(&race->server, paths[1], error) || write_known(race, paths[2]))
        return -1;
    race->vboard = bench_start(of_board, board);
    race->agent = bench_start(of_agent, race->agent_uri);
    if (race->vboard < 0 || race->agent < 0)
        return tdm_fail(error, "tandem-vboard or tandem-agent does not start");
    snprintf(public_key, sizeof public_key, "%s.pub", paths[1]);
    const struct tdm_agent_options options = {.key = paths[0], .agent = public_key};
    race->connection = tdm_agent_open(race->agent_uri, &options, error);
    return race->connection ? tdm_agent_take(race->connection, 60, error) : -1;
}

// ---- the race ----------------------------------------------------------------------------------

static void run_ours(void *context)
{
    struct race *race = context;
    for (int i = 0; i < CALLS; i++)
        if (tdm_agent_renew(race->connection, &race->error)) {
            bench_fail(race->bench, "agent: %s", race->error.message);
            return;
        }
}

static void run_echo(void *context)
{
    struct race *race = context;
    char message[4096] = "";
    for (int i = 0; i < CALLS; i++)
        if (zmq_send(race->dealer, message, race->there, 0) < 0 ||
            zmq_recv(race->dealer, message, sizeof message, 0) < 0) {
            bench_fail(race->bench, "agent: the echo is gone");
            return;
        }
}

static void race_both(struct race *race)
{
    const struct bench_side ours = {.run = run_ours, .context = race, .waits = true};
    const struct bench_side bare = {.run = run_echo, .context = race, .waits = true};
    struct bench_times times;
    if (bench_race(race->bench, &ours, &bare, &times) == 0)
        bench_report(race->bench, "agent, an order and back", 1e6 * times.ours / CALLS, "us",
                     times.ratio, "a ZeroMQ echo, CURVE, as many bytes");
}

static int measure_messages(struct race *race)
{
    const struct tdm_order order = {
        .kind = TDM_ORDER_RENEW, .number = 1000, .session = UINT64_MAX / 3};
    const struct tdm_answer answer = {.number = 1000};
    uint8_t *there = tdm_message_of_order(&order, &race->there);
    uint8_t *back = tdm_message_of_answer(&answer, &race->back);
    free(there);
    free(back);
    return there && back ? 0 : -1;
}

static void end(struct race *race)
{
    tdm_agent_close(race->connection);
    if (race->dealer)
        zmq_close(race->dealer);
    if (race->context)
        zmq_ctx_term(race->context);
    bench_stop(race->echo);
    bench_stop(race->agent);
    bench_stop(race->vboard);
    bench_remove(race->folder);
}

static void run_agent(struct bench *bench)
{
    struct race race = {.bench = bench, .folder = "/tmp/tandem-bench-XXXXXX"};
    if (!mkdtemp(race.folder)) {
        bench_fail(bench, "agent: no folder");
        return;
    }
    if (tdm_keys_make(&race.host, &race.error) || tdm_keys_make(&race.server, &race.error) ||
        measure_messages(&race) || start_echo(&race) || start_agent(&race))
        bench_fail(bench, "agent: %s", race.error.message);
    else
        race_both(&race);
    end(&race);
}

#else

static void run_agent(struct bench *bench)
{
    (void)bench;
    bench_skip("agent", "it was built without ZeroMQ");
}

#endif

const struct bench_case bench_agent = {"agent", "orders to a board's agent and back", run_agent};
