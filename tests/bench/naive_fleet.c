// SPDX-License-Identifier: GPL-3.0-or-later
#include "naive_fleet.h"

#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/exec.h>
#include <simgrid/host.h>
#include <simgrid/link.h>
#include <simgrid/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct naive_fleet *fleet;
static sg_host_t *hosts, cloud;
static sg_link_t *links;
static long done;
static double began;

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void offload(sg_host_t self)
{
    const double start = simgrid_get_clock();
    sg_host_sendto(self, cloud, fleet->sent);
    sg_actor_sleep_for(fleet->rtt / 2);
    sg_exec_t service = sg_actor_exec_init(fleet->service * 1e9);
    sg_exec_set_host(service, cloud);
    sg_exec_start(service);
    sg_exec_wait(service);
    sg_actor_sleep_for(fleet->rtt / 2);
    sg_host_sendto(cloud, self, fleet->received);
    const double left = start + fleet->part - simgrid_get_clock();
    if (left > 0)
        sg_actor_sleep_for(left);
}

static void board(int argc, char **argv)
{
    (void)argc;
    const int index = atoi(argv[1]);
    sg_actor_sleep_for((double)index / fleet->boards);
    for (long i = 0; done < fleet->requests; i++) {
        if (i % 2)
            offload(hosts[index]);
        else
            sg_actor_sleep_for(fleet->head);
        done++;
    }
}

// Every board's link follows its trace.
static void weather(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct tdm_cursor *cursors = calloc((size_t)fleet->boards, sizeof *cursors);
    for (double now = 0; cursors && done < fleet->requests; now += 1) {
        for (int i = 0; i < fleet->boards; i++) {
            const double rate = tdm_trace_up_at(fleet->trace, &cursors[i], fleet->offsets[i] + now);
            sg_link_set_bandwidth(links[i], rate > 1 ? rate : 1); // zero would be ignored
        }
        sg_actor_sleep_for(1);
    }
    free(cursors);
}

static void write_platform(FILE *out)
{
    fputs("<?xml version=\"1.0\"?>\n"
          "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
          "<platform version=\"4.1\">\n<zone id=\"all\" routing=\"Star\">\n",
          out);
    for (int i = 0; i < fleet->boards; i++)
        fprintf(out, "<host id=\"b%d\" speed=\"1Gf\"/>\n", i);
    fprintf(out, "<host id=\"cloud\" speed=\"1Gf\" core=\"%d\"/>\n", fleet->slots);
    for (int i = 0; i < fleet->boards; i++)
        fprintf(out, "<link id=\"l%d\" bandwidth=\"1MBps\" latency=\"0s\"/>\n", i);
    for (int i = 0; i * fleet->cell < fleet->boards; i++)
        fprintf(out, "<link id=\"c%d\" bandwidth=\"%.17gBps\" latency=\"0s\"/>\n", i,
                fleet->cell_rate);
    fputs("<link id=\"lan\" bandwidth=\"1000GBps\" latency=\"0s\"/>\n", out);
    for (int i = 0; i < fleet->boards; i++)
        fprintf(
            out,
            "<route src=\"b%d\" dst=\"*\"><link_ctn id=\"l%d\"/><link_ctn id=\"c%d\"/></route>\n",
            i, i, i / fleet->cell);
    fputs("<route src=\"cloud\" dst=\"*\"><link_ctn id=\"lan\"/></route>\n</zone>\n</platform>\n",
          out);
}

static void start(void)
{
    char *options[] = {
        "naive",
        "--log=root.thres:critical",
        "--cfg=network/latency-factor:1",
        "--cfg=network/bandwidth-factor:1",
        "--cfg=network/weight-S:0",
        "--cfg=network/TCP-gamma:0",
        "--cfg=network/crosstraffic:0",
#if SIMGRID_VERSION_MAJOR >= 4
        "--cfg=precision/timing:1e-9",
#else
        "--cfg=surf/precision:1e-9",
#endif
        "--cfg=contexts/stack-size:16",
        "--cfg=contexts/guard-size:0",
        NULL
    };
    int count = (int)(sizeof options / sizeof *options) - 1;
    simgrid_init(&count, options);
    char path[] = "/tmp/tandem-naive-XXXXXX";
    const int fd = mkstemp(path);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out)
        abort();
    write_platform(out);
    fclose(out);
    simgrid_load_platform(path);
    unlink(path);
}

double naive_fleet_run(const struct naive_fleet *what)
{
    char name[32];
    fleet = what;
    start();
    hosts = calloc((size_t)fleet->boards, sizeof(sg_host_t));
    links = calloc((size_t)fleet->boards, sizeof(sg_link_t));
    if (!hosts || !links)
        abort();
    cloud = sg_host_by_name("cloud");
    sg_actor_create("weather", cloud, weather, 0, NULL);
    for (int i = 0; i < fleet->boards; i++) {
        snprintf(name, sizeof name, "b%d", i);
        hosts[i] = sg_host_by_name(name);
        snprintf(name, sizeof name, "l%d", i);
        links[i] = sg_link_by_name(name);
        snprintf(name, sizeof name, "%d", i);
        char *arguments[] = {"board", name, NULL};
        sg_actor_create("board", hosts[i], board, 2, arguments);
    }
    began = cpu_seconds();
    simgrid_run();
    return cpu_seconds() - began;
}
