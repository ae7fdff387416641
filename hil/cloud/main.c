// SPDX-License-Identifier: GPL-3.0-or-later
/** tandem-cloud: the server that runs the remote parts of split networks. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/units.h"
#include "hil/cloud/server.h"
#include "model/library.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 }; // as tandem's own

static const char usage[] =
    "usage: tandem-cloud --dnn NAME|FILE [--dnn …] [OPTION…]\n"
    "\n"
    "Runs the remote parts of split networks for boards: features come in packets, logits go "
    "back.\n"
    "Asks for one network that wait together run together. Ends with SIGTERM or SIGINT.\n"
    "\n"
    "  --dnn NAME|FILE  a network of `tandem dnn list` whose remote.onnx stands in the folder "
    "NAME\n"
    "                   beside its file; repeatable\n"
    "  --bind URI       where it listens: tcp://127.0.0.1:7464; port *: any; or ipc://PATH\n"
    "  --batch N        asks that run together, at most: 16\n"
    "  --wait TIME      that the first of a batch waits for others: \"2 ms\"\n"
    "  --queue N        asks that may wait, of all clients: 256\n"
    "  --share N        of these, of one client: 32\n"
    "  --clients N      that may have asks waiting at a time: 64\n"
    "  --key FILE       its pair of keys (tandem hil keys), and\n"
    "  --known FILE     whom it lets in: a public key a line, a name behind it. With both it may\n"
    "                   listen anywhere: --bind \"tcp://*:7464\"; strangers get no reply at all\n"
    "  --provider P     what it runs on: cpu (default), cuda, tensorrt\n"
    "  --threads N      of a batch: 1\n"
    "  --ready-fd N     writes the line `ready URI` there, too, and closes it\n"
    "  --help\n"
    "\n"
    "It prints `ready URI` once boards can connect. What it speaks is in hil/cloud/cloud.proto.\n";

struct wishes {
    struct tdm_desk_options desk;
    struct tdm_session_options session;
    const char *uri, *key, *known, *names[TDM_DESK_NETWORKS];
    int name_count, ready;
};

struct cloud {
    struct tdm_runtime *runtime;
    struct tdm_server *server;
    struct tdm_keys keys;
    struct tdm_known *known;
    struct tdm_remote *remotes[TDM_DESK_NETWORKS];
    int remote_count;
};

static int failed(const struct tdm_error *error, int code)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "tandem-cloud: %s\n", text);
    return code;
}

// ---- networks ----------------------------------------------------------------------------------

static int put(void *context, int index, struct tdm_packet packet, struct tdm_error *error)
{
    return tdm_remote_put(context, index, packet, error);
}

static int run(void *context, int count, float *logits, struct tdm_error *error)
{
    return tdm_remote_run(context, count, logits, error);
}

static int add_network(struct cloud *cloud, const struct wishes *wishes, const char *reference,
                       struct tdm_error *error)
{
    char folder[256];
    if (tdm_library_stages(reference, folder, sizeof folder, error))
        return -1;
    struct tdm_remote *remote =
        tdm_remote_open(cloud->runtime, folder, &wishes->session, wishes->desk.batch, error);
    if (!remote)
        return -1;
    cloud->remotes[cloud->remote_count++] = remote;
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    struct tdm_desk_network network = {.takes = tdm_remote_takes(remote),
                                       .classes = tdm_remote_classes(remote),
                                       .put = put,
                                       .run = run,
                                       .context = remote};
    if (strlen(name) >= sizeof network.name)
        return tdm_fail_at(error, folder, 0, 0, "the network's name is too long");
    memcpy(network.name, name, strlen(name) + 1);
    fprintf(stderr, "tandem-cloud: %s: %d x %d features, %d classes; %s\n", network.name,
            network.takes.channels, network.takes.plane, network.classes, tdm_remote_ran(remote));
    return tdm_desk_add(tdm_server_desk(cloud->server), &network, error);
}

static int lock(struct cloud *cloud, const struct wishes *wishes, struct tdm_error *error)
{
    if (tdm_keys_read(&cloud->keys, wishes->key, error))
        return -1;
    cloud->known = tdm_known_read(wishes->known, error);
    return cloud->known ? tdm_server_guard(cloud->server, &cloud->keys, cloud->known, error) : -1;
}

static int start(struct cloud *cloud, const struct wishes *wishes, struct tdm_error *error)
{
    cloud->runtime = tdm_runtime_open(NULL, error);
    if (!cloud->runtime)
        return -1;
    cloud->server = tdm_server_open(&wishes->desk, error);
    if (!cloud->server)
        return -1;
    for (int i = 0; i < wishes->name_count; i++)
        if (add_network(cloud, wishes, wishes->names[i], error))
            return -1;
    if (wishes->key && lock(cloud, wishes, error))
        return -1;
    return tdm_server_listen(cloud->server, wishes->uri, error);
}

static void stop(struct cloud *cloud)
{
    tdm_server_close(cloud->server);
    for (int i = 0; i < cloud->remote_count; i++)
        tdm_remote_close(cloud->remotes[i]);
    tdm_runtime_close(cloud->runtime);
    free(cloud->known);
    memset(&cloud->keys, 0, sizeof cloud->keys);
}

// ---- options -----------------------------------------------------------------------------------

static int take_whole(const char *name, const char *text, int most, int *value)
{
    char *end;
    const long number = strtol(text, &end, 10);
    if (*end || end == text || number < 1 || number > most) {
        fprintf(stderr, "tandem-cloud: --%s takes a number from 1 to %d\n", name, most);
        return -1;
    }
    *value = (int)number;
    return 0;
}

static int take_other(struct wishes *wishes, int letter, const char *text)
{
    struct tdm_error error = {0};
    if (letter == 'd' && wishes->name_count == TDM_DESK_NETWORKS)
        tdm_fail(&error, "more than %d networks", TDM_DESK_NETWORKS);
    else if (letter == 'd')
        wishes->names[wishes->name_count++] = text;
    else if (letter == 'u')
        wishes->uri = text;
    else if (letter == 'k')
        wishes->key = text;
    else if (letter == 'n')
        wishes->known = text;
    else if (letter == 'p' && !tdm_provider_find(text, &wishes->session.provider, &error))
        return 0;
    else if (letter == 'w' && !tdm_quantity_parse(text, TDM_TIME, &wishes->desk.patience, &error) &&
             wishes->desk.patience < 0)
        tdm_fail(&error, "--wait takes no negative time");
    return error.message[0] ? (failed(&error, USAGE), -1) : 0;
}

static int read_options(int argc, char **argv, struct wishes *wishes)
{
    static const struct option options[] = {
        {"dnn", required_argument, NULL, 'd'},     {"bind", required_argument, NULL, 'u'},
        {"batch", required_argument, NULL, 'b'},   {"wait", required_argument, NULL, 'w'},
        {"queue", required_argument, NULL, 'q'},   {"share", required_argument, NULL, 's'},
        {"clients", required_argument, NULL, 'c'}, {"provider", required_argument, NULL, 'p'},
        {"threads", required_argument, NULL, 't'}, {"ready-fd", required_argument, NULL, 'r'},
        {"key", required_argument, NULL, 'k'},     {"known", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},          {0}};
    const struct {
        int letter, most, *value;
    } wholes[] = {{'b', 1024, &wishes->desk.batch},     {'q', 65536, &wishes->desk.queue},
                  {'s', 65536, &wishes->desk.share},    {'c', 65536, &wishes->desk.clients},
                  {'t', 256, &wishes->session.threads}, {'r', 1 << 20, &wishes->ready}};
    int letter, index = 0;
    while ((letter = getopt_long(argc, argv, "", options, &index)) != -1) {
        int result = letter == '?' ? -1 : 0;
        if (letter == 'h')
            return 1;
        for (size_t i = 0; i < sizeof wholes / sizeof *wholes && !result; i++)
            if (wholes[i].letter == letter)
                result = take_whole(options[index].name, optarg, wholes[i].most, wholes[i].value);
        if (result || take_other(wishes, letter, optarg))
            return -1;
    }
    if (!wishes->key != !wishes->known) {
        fputs("tandem-cloud: --key and --known go together\n", stderr);
        return -1;
    }
    if (optind < argc || !wishes->name_count) {
        fputs("tandem-cloud: it takes --dnn NAME, and options; see --help\n", stderr);
        return -1;
    }
    return 0;
}

// ---- the program -------------------------------------------------------------------------------

static void say_ready(const struct cloud *cloud, const struct wishes *wishes)
{
    const char *uri = tdm_server_uri(cloud->server);
    printf("ready %s\n", uri);
    fflush(stdout);
    if (wishes->ready) {
        dprintf(wishes->ready, "ready %s\n", uri);
        close(wishes->ready);
    }
}

static int serve(struct cloud *cloud, const struct wishes *wishes)
{
    struct tdm_error error = {0};
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    // Before ZeroMQ and the runtime start threads, which keep the mask.
    sigprocmask(SIG_BLOCK, &ends, NULL);
    const int signals = signalfd(-1, &ends, SFD_CLOEXEC);
    if (signals < 0 || start(cloud, wishes, &error))
        return failed(&error, USAGE);
    say_ready(cloud, wishes);
    const int code = tdm_server_run(cloud->server, signals, &error) ? failed(&error, FAILED) : DONE;
    const struct tdm_desk_counts counts = tdm_desk_counts(tdm_server_desk(cloud->server));
    fprintf(stderr,
            "tandem-cloud: answered %" PRIu64 " in %" PRIu64 " batches, refused %" PRIu64
            " (%" PRIu64 " malformed), turned away %" PRIu64 "\n",
            counts.answered, counts.batches, counts.refused, counts.malformed,
            tdm_server_strangers(cloud->server));
    close(signals);
    return code;
}

int main(int argc, char **argv)
{
    struct wishes wishes = {.desk = {.batch = 16,
                                     .patience = 2e-3,
                                     .clients = 64,
                                     .queue = 256,
                                     .share = 32,
                                     .bytes = 256 << 20},
                            .session = {.threads = 1, .trial = true},
                            .uri = "tcp://127.0.0.1:7464"};
    struct cloud cloud = {0};
    const int read = read_options(argc, argv, &wishes);
    if (read > 0) {
        fputs(usage, stdout);
        return DONE;
    }
    const int code = read < 0 ? USAGE : serve(&cloud, &wishes);
    stop(&cloud);
    return code;
}
