// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A SimGrid program as others write them, for test_export.py: it knows nothing of Tandem. On a
 * platform it runs FLOP at two pstates of a host (and for as long on HOST@cpu, if there is one),
 * sends BYTES to another host and back, and prints "what value" by line, in SI units.
 *
 *     simgrid_program PLATFORM HOST PEER FLOP BYTES PSTATE PSTATE
 */
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/exec.h>
#include <simgrid/host.h>
#include <simgrid/plugins/energy.h>
#include <stdio.h>
#include <stdlib.h>

static sg_host_t host, cpu, peer;
static double flop, bytes;
static unsigned long pstates[2];

static double joules(void)
{
    return sg_host_get_consumed_energy(host) + (cpu ? sg_host_get_consumed_energy(cpu) : 0);
}

static void execute(unsigned long pstate)
{
    sg_host_set_pstate(host, pstate);
    const double began = simgrid_get_clock(), energy = joules();
    sg_exec_t side = NULL;
    if (cpu) {
        side = sg_actor_exec_init(flop / sg_host_get_speed(host) * sg_host_get_speed(cpu));
        sg_exec_set_host(side, cpu);
        sg_exec_start(side);
    }
    sg_actor_execute(flop);
    if (side)
        sg_exec_wait(side);
    printf("time-%lu %.17g\n", pstate, simgrid_get_clock() - began);
    printf("energy-%lu %.17g\n", pstate, joules() - energy);
    const double rested = joules();
    sg_actor_sleep_for(1);
    printf("rest-%lu %.17g\n", pstate, joules() - rested);
}

static void send_over(const char *what, sg_host_t from, sg_host_t to)
{
    const double began = simgrid_get_clock();
    sg_host_sendto(from, to, bytes);
    printf("%s %.17g\n", what, simgrid_get_clock() - began);
}

static void actor_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    execute(pstates[0]);
    execute(pstates[1]);
    send_over("up", host, peer);
    send_over("down", peer, host);
}

int main(int argc, char **argv)
{
    sg_host_energy_plugin_init();
    simgrid_init(&argc, argv);
    if (argc != 8)
        return 2;
    simgrid_load_platform(argv[1]);
    char name[300];
    snprintf(name, sizeof name, "%s@cpu", argv[2]);
    host = sg_host_by_name(argv[2]);
    cpu = sg_host_by_name(name);
    peer = sg_host_by_name(argv[3]);
    flop = strtod(argv[4], NULL);
    bytes = strtod(argv[5], NULL);
    pstates[0] = strtoul(argv[6], NULL, 10);
    pstates[1] = strtoul(argv[7], NULL, 10);
    printf("hosts %zu\npstates %lu\n", sg_host_count(), sg_host_get_nb_pstates(host));
    sg_actor_create("one", host, actor_main, 0, NULL);
    simgrid_run();
    return 0;
}
