// SPDX-License-Identifier: GPL-3.0-or-later
/* How SimGrid is set up: its rules, and the platform. */
#define _GNU_SOURCE // memfd_create
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/link.h>
#include <simgrid/plugins/energy.h>
#include <simgrid/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/handover.h"
#include "engine/simgrid_parts.h"

#if SIMGRID_VERSION_MAJOR >= 4
#define TIMING "--cfg=precision/timing:1e-9"
#else
#define TIMING "--cfg=surf/precision:1e-9"
#endif

// A worker's stack takes 5 kB at most; the memory of a large fleet is mostly theirs.
static const char *stack_size(bool many)
{
    return many ? "--cfg=contexts/stack-size:8" : "--cfg=contexts/stack-size:64";
}

#if SIMGRID_VERSION_MAJOR >= 4

static int errors_to = -1; // where stderr led

static void mute(void)
{
    fflush(stderr);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    errors_to = nowhere < 0 ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (errors_to >= 0)
        dup2(nowhere, STDERR_FILENO);
    if (nowhere >= 0)
        close(nowhere);
}

static void unmute(void)
{
    fflush(stderr);
    if (errors_to >= 0)
        dup2(errors_to, STDERR_FILENO);
}

// Whatever its options say, it complains at exit that actors are left. What is registered last is
// called first: `mute`, SimGrid, `unmute`.
static void initialise(int *argc, char **argv)
{
    atexit(unmute);
    simgrid_init(argc, argv);
    atexit(mute);
}

#else
#define initialise simgrid_init
#endif

void tdm_simgrid_initialise(bool energy, bool many)
{
    char *const options[] = {
        "tandem", "--log=root.thres:error", "--log=root.fmt:%m%n",
        // Nothing is left to clean up at exit, and it says so.
        "--cfg=debug/clean-atexit:no",
        // What a platform file's <config> asks for does not count.
        "--cfg=host/model:default", "--cfg=network/model:LV08", "--cfg=network/optim:Lazy",
        "--cfg=cpu/model:Cas01", "--cfg=cpu/optim:Lazy",
        // A connection that stays open: what is sent takes its bytes by the rate, and nothing else.
        "--cfg=network/latency-factor:1", "--cfg=network/bandwidth-factor:1",
        "--cfg=network/weight-S:0", "--cfg=network/TCP-gamma:0", "--cfg=network/crosstraffic:0",
        TIMING, "--cfg=contexts/guard-size:0",
#ifdef TDM_HANDOVER_BY_THREADS
        "--cfg=contexts/factory:thread",
#endif
        (char *)stack_size(many), NULL};
    char *argv[sizeof options / sizeof *options]; // it moves them about
    memcpy(argv, options, sizeof options);
    int argc = (int)(sizeof options / sizeof *options) - 1;
    // It takes signals over, which are the process's.
    struct sigaction on_interrupt, on_segv, on_bus;
    sigaction(SIGINT, NULL, &on_interrupt);
    sigaction(SIGSEGV, NULL, &on_segv);
    sigaction(SIGBUS, NULL, &on_bus);
    initialise(&argc, argv);
    sigaction(SIGINT, &on_interrupt, NULL);
    sigaction(SIGSEGV, &on_segv, NULL);
    sigaction(SIGBUS, &on_bus, NULL);
    if (energy)
        sg_host_energy_plugin_init();
}

sg_link_t *tdm_simgrid_route(sg_host_t from, sg_host_t to, int *count)
{
#if SIMGRID_VERSION_MAJOR >= 4
    return (sg_link_t *)sg_host_get_route_links(from, to, count);
#else
    xbt_dynar_t list = xbt_dynar_new(sizeof(sg_link_t), NULL);
    sg_host_get_route(from, to, list);
    *count = (int)xbt_dynar_length(list);
    sg_link_t *links = calloc((size_t)*count + 1, sizeof *links);
    assert(links && "a route fits into memory");
    for (int i = 0; i < *count; i++)
        links[i] = xbt_dynar_get_as(list, (unsigned long)i, sg_link_t);
    xbt_dynar_free(&list);
    return links;
#endif
}

void tdm_simgrid_load(const struct tdm_simgrid_setup *setup)
{
    char path[64];
    if (setup->is_path) {
        simgrid_load_platform(setup->platform);
        return;
    }
    const int fd = memfd_create("platform.xml", MFD_CLOEXEC);
    const size_t length = strlen(setup->platform);
    size_t written = 0;
    while (fd >= 0 && written < length) {
        const ssize_t n = write(fd, setup->platform + written, length - written);
        if (n < 0)
            break;
        written += (size_t)n;
    }
    assert(written == length && "a platform fits into memory twice");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    simgrid_load_platform(path);
    close(fd);
}

const char *tdm_simgrid_version(void)
{
    static char text[32];
    int major, minor, patch;
    sg_version_get(&major, &minor, &patch);
    snprintf(text, sizeof text, "%d.%d", major, minor);
    return text;
}
