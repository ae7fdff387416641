// SPDX-License-Identifier: GPL-3.0-or-later
/** tandem-vboard: a board that is not there, as a file tree. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hil/vboard/serve.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 }; // as tandem's own

static const char usage[] =
    "usage: tandem-vboard --board BOARD [OPTION…] MOUNTPOINT\n"
    "       tandem-vboard --board BOARD [OPTION…] --folder DIR\n"
    "\n"
    "A virtual Jetson: the sysfs, debugfs and proc files that DVFS and power sensors take, with "
    "the\n"
    "kernel's manners, over a board that draws power and warms up. Ends with SIGTERM or SIGINT.\n"
    "\n"
    "  --board NAME|FILE   a board of `tandem board list`\n"
    "  --jetpack N         4, 5 or 6: the first that the board has a map of files for\n"
    "  --mode NAME         power mode at the start: the board's default\n"
    "  --folder DIR        plain files instead of FUSE, kept alive by this process. No write "
    "fails\n"
    "                      there: what the kernel would refuse is put back as it was, within 20 "
    "ms,\n"
    "                      as is what it would round; .tandem/trace has the errno. A read never\n"
    "                      blocks or fails, so sensors neither take time nor hang; a zone that\n"
    "                      cannot be read is empty\n"
    "  --physics P         model: the simulator's (default); other: additive latency, cubic "
    "power;\n"
    "                      grid:FILE: measured rows as `tandem calibrate` reads them, "
    "interpolated\n"
    "  --seed N            of noise and drift: 1\n"
    "  --noise X           times the assumed noise and drift, 0: none; default 1 (latency 0.2 %,\n"
    "                      power 0.9 %, wandering within minutes)\n"
    "  --ambient C         degC around it: the board's\n"
    "  --warm C            degC that it starts with: ambient\n"
    "  --boot-id TEXT      instead of a new one: a board that has not rebooted\n"
    "  --fault LINE        what goes wrong, repeatable; .tandem/fault takes such lines, too:\n"
    "                        hang|fail|override|vanish|slow path=GLOB, throttle level=N\n"
    "                        [errno=EIO] [on=read|write|both] [value=TEXT] [after=S] [delay=S]\n"
    "                        [start=S] [for=S] [p=0…1];  clear\n"
    "  --trace FILE        logs every write: seconds, path, value, result\n"
    "  --allow-other       FUSE: other users may come in (root, or user_allow_other)\n"
    "  --ready-fd N        writes the line `ready` there, too, and closes it\n"
    "  --help\n"
    "\n"
    "It stays in the foreground, and prints `ready PLACE` once it can be used. In PLACE/.tandem:\n"
    "work (what runs on the board, see hil/board/vwork.h), truth (exact power, energy, "
    "temperature),\n"
    "fault, trace.\n";

struct wishes {
    struct vb_options board;
    struct vb_serving serving;
    bool folder;
    const char *trace;
    const char *faults[VB_FAULTS];
    int fault_count;
    int ready_fd;
};

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "tandem-vboard: %s%s%s; --help tells more\n", what, value ? " " : "",
            value ? value : "");
    return USAGE;
}

static int number(const char *text, double least, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end == text || *end || !isfinite(*value) || *value < least ? -1 : 0;
}

enum choice {
    BOARD = 256,
    JETPACK,
    MODE,
    FOLDER,
    PHYSICS,
    SEED,
    NOISE,
    AMBIENT,
    WARM,
    BOOT,
    FAULT,
    TRACE,
    OTHERS,
    READY,
    HELP
};

static const struct option options[] = {{"board", required_argument, NULL, BOARD},
                                        {"jetpack", required_argument, NULL, JETPACK},
                                        {"mode", required_argument, NULL, MODE},
                                        {"folder", required_argument, NULL, FOLDER},
                                        {"physics", required_argument, NULL, PHYSICS},
                                        {"seed", required_argument, NULL, SEED},
                                        {"noise", required_argument, NULL, NOISE},
                                        {"ambient", required_argument, NULL, AMBIENT},
                                        {"warm", required_argument, NULL, WARM},
                                        {"boot-id", required_argument, NULL, BOOT},
                                        {"fault", required_argument, NULL, FAULT},
                                        {"trace", required_argument, NULL, TRACE},
                                        {"allow-other", no_argument, NULL, OTHERS},
                                        {"ready-fd", required_argument, NULL, READY},
                                        {"help", no_argument, NULL, HELP},
                                        {NULL, 0, NULL, 0}};

// 0, or what to exit with, -1 standing for DONE.
static int take(struct wishes *wishes, int choice, const char *value)
{
    double n = 0;
    switch (choice) {
    case BOARD:
        wishes->board.board = value;
        return 0;
    case JETPACK:
        wishes->board.jetpack = value;
        return 0;
    case MODE:
        wishes->board.mode = value;
        return 0;
    case FOLDER:
        wishes->folder = true;
        wishes->serving.place = value;
        return 0;
    case PHYSICS:
        wishes->board.physics = value;
        return 0;
    case BOOT:
        wishes->board.boot_id = value;
        return 0;
    case TRACE:
        wishes->trace = value;
        return 0;
    case OTHERS:
        wishes->serving.allow_other = true;
        return 0;
    case HELP:
        fputs(usage, stdout);
        return -1;
    case FAULT:
        if (wishes->fault_count == VB_FAULTS)
            return wrong("too many faults", NULL);
        wishes->faults[wishes->fault_count++] = value;
        return 0;
    case SEED:
        if (number(value, 0, &n) || n != floor(n) || n > 9007199254740992.)
            return wrong("--seed is a whole number, not", value);
        wishes->board.seed = (uint64_t)n;
        return 0;
    case NOISE:
        return number(value, 0, &wishes->board.noise) ? wrong("--noise is no", value) : 0;
    case AMBIENT:
        return number(value, -60, &wishes->board.ambient) ? wrong("--ambient is no", value) : 0;
    case WARM:
        return number(value, -60, &wishes->board.warm) ? wrong("--warm is no", value) : 0;
    case READY:
        if (number(value, 0, &n) || n > 65535)
            return wrong("--ready-fd is no", value);
        wishes->ready_fd = (int)n;
        return 0;
    default:
        return USAGE; // getopt has said why
    }
}

static int read_arguments(int argc, char **argv, struct wishes *wishes)
{
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        const int result = take(wishes, option == 'h' ? HELP : option, optarg);
        if (result)
            return result;
    }
    if (!wishes->board.board)
        return wrong("which --board?", NULL);
    if (wishes->folder ? optind != argc : optind + 1 != argc)
        return wrong("one place, please: MOUNTPOINT or --folder DIR", NULL);
    if (!wishes->folder)
        wishes->serving.place = argv[optind];
    return 0;
}

static void say_ready(void *context)
{
    const struct wishes *wishes = context;
    printf("ready %s\n", wishes->serving.place);
    fflush(stdout);
    if (wishes->ready_fd >= 0) {
        if (write(wishes->ready_fd, "ready\n", 6) != 6)
            perror("tandem-vboard: --ready-fd");
        close(wishes->ready_fd);
    }
}

// Keeps the board going while nobody looks, so that nobody has to catch up for long.
static void *heartbeat(void *context)
{
    struct vb_machine *machine = context;
    for (bool stopping = false; !stopping;) {
        const struct timespec time = {.tv_nsec = 200000000};
        nanosleep(&time, NULL);
        pthread_mutex_lock(&machine->lock);
        vb_advance(machine);
        stopping = machine->stopping;
        pthread_mutex_unlock(&machine->lock);
    }
    return NULL;
}

static int serve(struct vb_machine *machine, const struct wishes *wishes, struct tdm_error *error)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // signals are for the main thread
    const int failed = pthread_create(&thread, NULL, heartbeat, machine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return tdm_fail(error, "cannot start a thread");
    int result;
    if (wishes->folder)
        result = vb_serve_folder(machine, &wishes->serving, error);
    else
#ifdef TANDEM_FUSE
        result = vb_serve_fuse(machine, &wishes->serving, error);
#else
        result = tdm_fail(error, "built without libfuse: only --folder DIR");
#endif
    pthread_mutex_lock(&machine->lock);
    machine->stopping = true;
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
    pthread_join(thread, NULL);
    return result;
}

static int prepare(struct vb_machine *machine, const struct wishes *wishes, struct tdm_error *error)
{
    for (int i = 0; i < wishes->fault_count; i++)
        if (vb_fault_add(&machine->faults, wishes->faults[i], 0, error))
            return -1;
    if (wishes->trace && !(machine->trace.file = fopen(wishes->trace, "w")))
        return tdm_fail_errno(error, wishes->trace, "cannot write");
    return 0;
}

static int complain(const struct tdm_error *error, int code)
{
    char line[1024];
    tdm_error_format(error, line, sizeof line);
    fprintf(stderr, "tandem-vboard: %s\n", line);
    return code;
}

int main(int argc, char **argv)
{
    struct wishes wishes = {.board = {.seed = 1, .noise = 1, .ambient = NAN, .warm = NAN},
                            .ready_fd = -1};
    wishes.serving.ready = say_ready;
    wishes.serving.context = &wishes;
    const int read = read_arguments(argc, argv, &wishes);
    if (read)
        return read < 0 ? DONE : read;
    struct tdm_error error = {0};
    struct vb_machine *machine = vb_machine_new(&wishes.board, &error);
    if (!machine)
        return complain(&error, USAGE);
    int code = DONE;
    if (prepare(machine, &wishes, &error))
        code = complain(&error, USAGE);
    else if (serve(machine, &wishes, &error))
        code = complain(&error, FAILED);
    vb_machine_free(machine);
    return code;
}
