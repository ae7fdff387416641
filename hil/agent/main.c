// SPDX-License-Identifier: GPL-3.0-or-later
/** tandem-agent: lets a host set this board's clocks, run work on it and read its sensors. */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/error.h"
#include "core/units.h"
#include "hil/agent/server.h"

enum { DONE = 0, FAILED = 1, USAGE = 2, MOST_URIS = 4 }; // as tandem's own

static const char usage[] =
    "usage: tandem-agent [OPTION…]\n"
    "\n"
    "Lets one host at a time set this board's clocks, run networks on it and read its sensors, "
    "for\n"
    "scenarios whose board has the driver tcp://HOST:PORT or ipc:///PATH. Whatever dies, the "
    "board\n"
    "is put back as it was: a guardian, a process of its own, sees to that.\n"
    "\n"
    "  --root DIR       where the board's files lie: / (a virtual board's folder)\n"
    "  --board NAME|FILE  which board it is, instead of looking\n"
    "  --jetpack N      which JetPack runs on it: 4, 5 or 6, instead of looking\n"
    "  --listen URI     tcp://127.0.0.1:7465 by default; port *: any; or ipc:///PATH; repeatable\n"
    "  --key FILE       its pair of keys (tandem hil keys), and\n"
    "  --known FILE     whom it lets in: a public key a line, a name behind it. With both it may\n"
    "                   listen anywhere: --listen \"tcp://*:7465\"; strangers get no reply at all\n"
    "  --executor NAME  what runs networks: vboard (a virtual board; the default there), onnx\n"
    "                   (ONNX Runtime really computes those whose stages stand here) or emulated\n"
    "                   (sleeps for as long as the board's model says; the default elsewhere)\n"
    "  --provider P     what ONNX Runtime runs on: cpu (default), cuda, tensorrt\n"
    "  --threads N      of a network that it runs: 1\n"
    "  --pictures DIR   what networks are shown, labelled (`tandem dnn measure`); else noise\n"
    "  --cloud-key FILE public key of the tandem-cloud that features go to; with --key. Without "
    "it\n"
    "                   they go to servers that ask for no keys\n"
    "  --lease TIME     that a host may be silent, if it asks for nothing else: \"2 s\"\n"
    "  --limit TEMP     degC from which clocks are held down; 5 K below the first trip\n"
    "  --state FILE     where is kept what is put back: DIR/run/tandem/state\n"
    "  --guardian FILE  the program tandem-guardian, where it is not beside this one\n"
    "  --trace FILE     a log of every write to the board\n"
    "  --help\n"
    "\n"
    "It prints `ready URI` for each address once hosts can connect, and ends with SIGTERM or "
    "SIGINT.\n"
    "What it speaks is in hil/wire/wire.proto.\n";

struct wishes {
    const char *root, *board, *jetpack, *key, *known, *cloud_key, *trace;
    const char *uris[MOST_URIS];
    int uri_count;
    struct tdm_station_options station;
};

struct agent {
    struct tdm_hw *hw;
    struct tdm_station *station;
    struct tdm_agent_server *server;
    struct tdm_keys keys;
    struct tdm_known *known;
    struct tdm_cloud_keys cloud;
    FILE *trace;
};

static int failed(const struct tdm_error *error, int code)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "tandem-agent: %s\n", text);
    return code;
}

static void say(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "tandem-agent: %s\n", line);
}

// ---- options -----------------------------------------------------------------------------------

static int take_number(struct wishes *w, int letter, const char *text, struct tdm_error *error)
{
    struct tdm_networks_options *networks = &w->station.networks;
    if (letter == 'p')
        return tdm_provider_find(text, &networks->provider, error);
    if (letter == 'c') {
        networks->threads = (int)strtol(text, NULL, 10);
        return networks->threads >= 1 && networks->threads <= 64
                   ? 0
                   : tdm_fail(error, "--threads takes a number from 1 to 64");
    }
    struct tdm_hold_options *hold = &w->station.hold;
    if (letter == 'l') {
        if (tdm_quantity_parse(text, TDM_TIME, &hold->lease, error))
            return -1;
        return hold->lease >= 0.05 && hold->lease <= 3600
                   ? 0
                   : tdm_fail(error, "a lease is 0.05 s to 1 h, not '%.32s'", text);
    }
    char *end;
    hold->limit = strtod(text, &end);
    return end != text && !*end && hold->limit > 0 && hold->limit < 150
               ? 0
               : tdm_fail(error, "'%.32s' is no limit in degC", text);
}

static int read_options(int argc, char **argv, struct wishes *w)
{
    static const struct option options[] = {
        {"root", required_argument, NULL, 'r'},     {"board", required_argument, NULL, 'b'},
        {"jetpack", required_argument, NULL, 'j'},  {"listen", required_argument, NULL, 'u'},
        {"key", required_argument, NULL, 'k'},      {"known", required_argument, NULL, 'n'},
        {"executor", required_argument, NULL, 'x'}, {"lease", required_argument, NULL, 'l'},
        {"limit", required_argument, NULL, 'm'},    {"state", required_argument, NULL, 's'},
        {"guardian", required_argument, NULL, 'g'}, {"trace", required_argument, NULL, 't'},
        {"provider", required_argument, NULL, 'p'}, {"threads", required_argument, NULL, 'c'},
        {"pictures", required_argument, NULL, 'i'}, {"cloud-key", required_argument, NULL, 'y'},
        {"help", no_argument, NULL, 'h'},           {0}};
    const struct {
        int letter;
        const char **text;
    } texts[] = {{'r', &w->root},
                 {'b', &w->board},
                 {'j', &w->jetpack},
                 {'k', &w->key},
                 {'n', &w->known},
                 {'x', &w->station.executor},
                 {'t', &w->trace},
                 {'i', &w->station.networks.pictures},
                 {'y', &w->cloud_key},
                 {'s', &w->station.hold.state},
                 {'g', &w->station.hold.guardian}};
    struct tdm_error error = {0};
    int letter;
    while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (letter == 'h')
            return 1;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (texts[i].letter == letter)
                *texts[i].text = optarg;
        if (letter == 'u' && w->uri_count < MOST_URIS)
            w->uris[w->uri_count++] = optarg;
        else if (letter == 'u')
            tdm_fail(&error, "more than %d addresses", MOST_URIS);
        if (letter == '?' ||
            (letter != 'h' && strchr("lmpc", letter) && take_number(w, letter, optarg, &error)) ||
            error.message[0])
            return letter == '?' ? -1 : (failed(&error, USAGE), -1);
    }
    if (optind < argc || !w->key != !w->known || (w->cloud_key && !w->key)) {
        fputs(optind < argc
                  ? "tandem-agent: it takes options only; see --help\n"
                  : "tandem-agent: --key and --known go together, --cloud-key with them\n",
              stderr);
        return -1;
    }
    if (!w->uri_count)
        w->uris[w->uri_count++] = "tcp://127.0.0.1:7465";
    return 0;
}

// ---- the program -------------------------------------------------------------------------------

static int lock(struct agent *agent, const struct wishes *w, struct tdm_error *error)
{
    if (!w->key)
        return 0;
    if (tdm_keys_read(&agent->keys, w->key, error))
        return -1;
    agent->known = tdm_known_read(w->known, error);
    if (!agent->known)
        return -1;
    agent->cloud.own = agent->keys;
    return w->cloud_key ? tdm_keys_read_public(agent->cloud.server, w->cloud_key, error) : 0;
}

static int start(struct agent *agent, const struct wishes *w, struct tdm_error *error)
{
    agent->hw = tdm_hw_open(w->root, w->board, w->jetpack, error);
    if (!agent->hw || lock(agent, w, error))
        return -1;
    if (w->trace) {
        agent->trace = fopen(w->trace, "ae");
        if (!agent->trace)
            return tdm_fail_errno(error, w->trace, "cannot be written");
        tdm_hw_trace(agent->hw, agent->trace);
    }
    // What an agent who was killed has left is put back at once, not when somebody takes the board.
    if (tdm_hold_recover(w->root, agent->hw, w->station.hold.state, &w->station.saying, error) < 0)
        return -1;
    struct tdm_station_options options = w->station;
    options.cloud = w->cloud_key ? &agent->cloud : NULL;
    agent->station = tdm_station_open(agent->hw, w->root, &options, error);
    if (!agent->station)
        return -1;
    agent->server =
        tdm_agent_server_open(agent->station, w->key ? &agent->keys : NULL, agent->known, w->uris,
                              w->uri_count, &w->station.saying, error);
    return agent->server ? 0 : -1;
}

static int stop(struct agent *agent)
{
    tdm_agent_server_close(agent->server);
    const int wrong = tdm_station_close(agent->station);
    tdm_hw_close(agent->hw);
    if (agent->trace)
        fclose(agent->trace);
    free(agent->known);
    memset(&agent->keys, 0, sizeof agent->keys);
    memset(&agent->cloud, 0, sizeof agent->cloud);
    return wrong;
}

static int serve(struct agent *agent, const struct wishes *w)
{
    struct tdm_error error = {0};
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    // Before threads start, which keep the mask.
    sigprocmask(SIG_BLOCK, &ends, NULL);
    const int signals = signalfd(-1, &ends, SFD_CLOEXEC);
    if (signals < 0 || start(agent, w, &error))
        return failed(&error, USAGE);
    for (int i = 0; i < w->uri_count; i++)
        printf("ready %s\n", tdm_agent_server_uri(agent->server, i));
    fflush(stdout);
    const int code =
        tdm_agent_server_run(agent->server, signals, &error) ? failed(&error, FAILED) : DONE;
    close(signals);
    return code;
}

int main(int argc, char **argv)
{
    struct wishes wishes = {.root = "/",
                            .station = {.hold = {.lease = 2, .limit = NAN, .saying = {say, NULL}},
                                        .networks = {.part = "test"},
                                        .saying = {say, NULL}}};
    struct agent agent = {0};
    const int read = read_options(argc, argv, &wishes);
    if (read > 0) {
        fputs(usage, stdout);
        return DONE;
    }
    const int code = read < 0 ? USAGE : serve(&agent, &wishes);
    const int wrong = stop(&agent);
    return code == DONE && wrong ? FAILED : code;
}
