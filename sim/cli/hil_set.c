// SPDX-License-Identifier: GPL-3.0-or-later
// tandem hil set: clocks, for a while or while a command runs.
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/hil_parts.h"
#include "cli/output.h"
#include "core/table.h"
#include "core/text.h"
#include "hil/board/hold.h"
#include "hil/board/sensors.h"

enum { MOST_WISHES = 16 };

struct arguments {
    struct tdm_hil_where where;
    const char *wishes[MOST_WISHES];
    int wish_count;
    char **command; // after "--"; NULL: none
    const char *state, *trace;
    double duration; // s; NAN: until a signal
    double limit, lease;
    bool json;
};

// ---- what is wanted ----------------------------------------------------------------------------

// "1.6GHz", "top", "lowest".
static int read_clock(const struct tdm_hw *hw, enum tdm_domain domain, const char *text, double *hz,
                      struct tdm_error *error)
{
    double table[128];
    const bool top = strcmp(text, "top") == 0;
    if (!top && strcmp(text, "lowest") != 0)
        return tdm_quantity_parse(text, TDM_FREQUENCY, hz, error);
    const int count = tdm_hw_table(hw, domain, table, 128);
    if (count <= 0)
        return tdm_fail(error, "cannot read the kernel's table of %s clocks: %s",
                        tdm_domain_names[domain], strerror(-count));
    *hz = table[top ? count - 1 : 0];
    return 0;
}

static int wish_clock(const struct tdm_hw *hw, enum tdm_domain domain, const char *text,
                      struct tdm_setting *setting, struct tdm_error *error)
{
    static const char governed[] = "governed";
    const size_t length = strlen(governed);
    const bool by = strncmp(text, governed, length) == 0 && (!text[length] || text[length] == ':');
    if (!by) {
        setting->way[domain] = TDM_PIN;
        return read_clock(hw, domain, text, &setting->hz[domain], error);
    }
    setting->way[domain] = TDM_GOVERN;
    if (text[length] && (size_t)snprintf(setting->governor[domain], sizeof setting->governor[0],
                                         "%s", text + length + 1) >= sizeof setting->governor[0])
        return tdm_fail(error, "'%.64s' is no governor", text + length + 1);
    return 0;
}

static int whole(const char *text, int most, int *value, struct tdm_error *error)
{
    char *end;
    const long number = strtol(text, &end, 10);
    if (end == text || *end || number < 0 || number > most)
        return tdm_fail(error, "'%.64s' is not a whole number from 0 to %d", text, most);
    *value = (int)number;
    return 0;
}

static int wish_other(const char *name, const char *text, struct tdm_setting *setting,
                      struct tdm_error *error)
{
    struct tdm_nearest nearest;
    static const char *const names[] = {"cpu",     "gpu",   "emc", "cpu-cap",  "gpu-cap",
                                        "emc-cap", "cores", "fan", "railgate", NULL};
    if (strcmp(name, "cores") == 0)
        return whole(text, 1024, &setting->cores, error);
    if (strcmp(name, "fan") == 0)
        return whole(text, 255, &setting->fan, error);
    if (strcmp(name, "railgate") == 0) {
        setting->railgate = strcmp(text, "on") == 0;
        return setting->railgate || strcmp(text, "off") == 0
                   ? 0
                   : tdm_fail(error, "a rail gate is 'on' or 'off', not '%.64s'", text);
    }
    tdm_nearest_start(&nearest, name);
    for (const char *const *known = names; *known; known++)
        tdm_nearest_try(&nearest, *known);
    return tdm_fail(error, "there is no '%.64s' to set%s", name, tdm_nearest_hint(&nearest));
}

static int wish(const struct tdm_hw *hw, const char *text, struct tdm_setting *setting,
                struct tdm_error *error)
{
    char name[32], clock[32];
    const char *value = strchr(text, '=');
    if (!value || (size_t)(value - text) >= sizeof name || !value[1])
        return tdm_fail(error, "'%.64s' is not of the form KNOB=VALUE", text);
    snprintf(name, sizeof name, "%.*s", (int)(value - text), text);
    for (int i = 0; i < TDM_DOMAINS; i++) {
        const enum tdm_domain domain = (enum tdm_domain)i;
        snprintf(clock, sizeof clock, "%s-cap", tdm_domain_names[i]);
        if (strcmp(name, tdm_domain_names[i]) == 0)
            return wish_clock(hw, domain, value + 1, setting, error);
        if (strcmp(name, clock) != 0)
            continue;
        setting->way[i] = TDM_GOVERN;
        return read_clock(hw, domain, value + 1, &setting->hz[i], error);
    }
    return wish_other(name, value + 1, setting, error);
}

// ---- what came of it ---------------------------------------------------------------------------

static void wanted_text(const struct tdm_setting *setting, int domain, char *text, size_t size)
{
    char hz[64];
    tdm_quantity_format(setting->hz[domain], TDM_FREQUENCY, 7, hz, sizeof hz);
    if (setting->way[domain] == TDM_KEEP)
        snprintf(text, size, "-");
    else if (setting->way[domain] == TDM_PIN)
        snprintf(text, size, "%s", hz);
    else
        snprintf(text, size, "governed%s%s%s%s", setting->governor[domain][0] ? " by " : "",
                 setting->governor[domain], setting->hz[domain] > 0 ? ", at most " : "",
                 setting->hz[domain] > 0 ? hz : "");
}

static void other_row(struct tdm_table *table, const char *name, const char *wanted,
                      const char *now, const struct tdm_in_force *in_force)
{
    tdm_table_add(table, "%s", name);
    tdm_table_add(table, "%s", wanted);
    tdm_table_add(table, "%s", now);
    tdm_table_add(table, "%s", tdm_finding_names[in_force->finding]);
    tdm_table_add(table, "%s", in_force->why);
}

static void print(const struct tdm_setting *setting, const struct tdm_report *report)
{
    struct tdm_table table;
    char wanted[160], now[64];
    tdm_table_start(&table,
                    (const char *const[]){"knob", "wanted", "in force", "finding", "", NULL});
    for (int i = 0; i < TDM_DOMAINS; i++) {
        const struct tdm_in_force *clock = &report->clock[i];
        wanted_text(setting, i, wanted, sizeof wanted);
        snprintf(now, sizeof now, "-");
        if (isfinite(clock->hz))
            tdm_quantity_format(clock->hz, TDM_FREQUENCY, 7, now, sizeof now);
        other_row(&table, tdm_domain_names[i], wanted, now, clock);
    }
    snprintf(wanted, sizeof wanted, "%d", setting->cores);
    snprintf(now, sizeof now, "%d", report->cores_online);
    if (setting->cores)
        other_row(&table, "cores", wanted, now, &report->cores);
    snprintf(wanted, sizeof wanted, "%d", setting->fan);
    if (setting->fan >= 0)
        other_row(&table, "fan", wanted, "", &report->fan);
    if (setting->railgate >= 0)
        other_row(&table, "railgate", setting->railgate ? "on" : "off", "", &report->railgate);
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
    fflush(stdout);
}

static int print_json(const struct tdm_report *report)
{
    json_t *clocks = json_object();
    for (int i = 0; i < TDM_DOMAINS; i++)
        json_object_set_new(
            clocks, tdm_domain_names[i],
            json_pack("{s:o, s:s, s:s}", "now_hz", tdm_json_number(report->clock[i].hz), "finding",
                      tdm_finding_names[report->clock[i].finding], "why", report->clock[i].why));
    const int code = tdm_cli_json(json_pack(
        "{s:b, s:o, s:i, s:s, s:s, s:s}", "fine", tdm_report_fine(report), "clocks", clocks,
        "cores_online", report->cores_online, "cores", tdm_finding_names[report->cores.finding],
        "fan", tdm_finding_names[report->fan.finding], "railgate",
        tdm_finding_names[report->railgate.finding]));
    fflush(stdout);
    return code;
}

// ---- meanwhile ---------------------------------------------------------------------------------

// What changes while the board is held is told as it happens.
static void tell_changes(struct tdm_hold *hold, struct tdm_report *last)
{
    struct tdm_report now;
    struct tdm_error error;
    if (tdm_hold_look(hold, &now, &error))
        return;
    for (int i = 0; i < TDM_DOMAINS; i++) {
        const struct tdm_in_force *clock = &now.clock[i];
        if (clock->finding != last->clock[i].finding)
            fprintf(stderr, "tandem hil set: %s is %s now%s%s\n", tdm_domain_names[i],
                    tdm_finding_names[clock->finding], clock->why[0] ? ": " : "", clock->why);
    }
    *last = now;
}

// The command's exit code as a shell would have it; -1 while it runs.
static int command_code(pid_t child)
{
    int status;
    if (waitpid(child, &status, WNOHANG) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Renews the lease until it is time to end. The exit code.
static int stay(struct tdm_hold *hold, const struct arguments *a, pid_t child,
                struct tdm_report *report)
{
    struct tdm_error error = {0};
    const double end = tdm_sensors_now() + a->duration; // NAN: never
    const double pause = a->lease / 5 < 0.1 ? a->lease / 5 : 0.1;
    const struct timespec time = {.tv_nsec = (long)(pause * 1e9)};
    double next_look = 0;
    for (;;) {
        const int code = child > 0 ? command_code(child) : -1;
        if (code >= 0)
            return code;
        if (tdm_hil_signal || tdm_sensors_now() >= end)
            break;
        if (tdm_hold_renew(hold, &error))
            return tdm_cli_fail("hil set", &error, TDM_EXIT_FAILED);
        if (tdm_sensors_now() >= next_look) {
            if (next_look > 0)
                tell_changes(hold, report);
            next_look = tdm_sensors_now() + 1;
        }
        nanosleep(&time, NULL);
    }
    if (child > 0) {
        kill(child, tdm_hil_signal ? tdm_hil_signal : SIGTERM);
        waitpid(child, NULL, 0);
    }
    return tdm_hil_signal ? 128 + tdm_hil_signal : TDM_EXIT_DONE;
}

static pid_t run(char *const *command, struct tdm_error *error)
{
    const pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        fprintf(stderr, "tandem hil set: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    if (child < 0)
        tdm_fail_errno(error, command[0], "cannot be started");
    return child;
}

static void say(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "tandem hil set: %s\n", line);
}

static int held(struct tdm_hold *hold, const struct arguments *a, const struct tdm_setting *setting)
{
    struct tdm_error error = {0};
    struct tdm_report report;
    if (tdm_hold_set(hold, setting, &report, &error))
        return tdm_cli_fail("hil set", &error, TDM_EXIT_FAILED);
    if (a->json)
        print_json(&report);
    else
        print(setting, &report);
    const pid_t child = a->command ? run(a->command, &error) : 0;
    if (child < 0)
        return tdm_cli_fail("hil set", &error, TDM_EXIT_FAILED);
    const int code = stay(hold, a, child, &report);
    return code == TDM_EXIT_DONE && !tdm_report_fine(&report) ? TDM_EXIT_FAILED : code;
}

static int set(struct tdm_hw *hw, const struct arguments *a)
{
    struct tdm_error error = {0};
    struct tdm_setting setting = tdm_setting_none();
    for (int i = 0; i < a->wish_count; i++)
        if (wish(hw, a->wishes[i], &setting, &error))
            return tdm_cli_fail("hil set", &error, TDM_EXIT_USAGE);
    if (tdm_setting_check(hw, &setting, &error))
        return tdm_cli_fail("hil set", &error, TDM_EXIT_USAGE);
    const struct tdm_hold_options options = {.state = a->state,
                                             .trace = a->trace,
                                             .lease = a->lease,
                                             .limit = a->limit,
                                             .saying = {say, NULL}};
    tdm_hil_catch_signals();
    struct tdm_hold *hold = tdm_hold_start(hw, &options, &error);
    if (!hold)
        return tdm_cli_fail("hil set", &error, TDM_EXIT_FAILED);
    const int code = held(hold, a, &setting);
    const int wrong = tdm_hold_end(hold);
    if (wrong)
        fprintf(stderr, "tandem hil set: %d knobs are not as they were\n", wrong);
    return wrong ? TDM_EXIT_FAILED : code;
}

// ---- the command -------------------------------------------------------------------------------

// Cuts "-- COMMAND…" off, for what follows are options of its own.
static int cut_command(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            a->command = i + 1 < argc ? argv + i + 1 : NULL;
            return i;
        }
    return argc;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){.duration = NAN, .limit = NAN, .lease = 2};
    const struct tdm_option options[] = {
        TDM_HIL_OPTIONS(a->where),
        {0, "for", "TIME", .quantity = {&a->duration, TDM_TIME, 0},
         .help = "how long; else until it is interrupted or the command ends"},
        {0, "limit", "TEMPERATURE", .quantity = {&a->limit, TDM_TEMPERATURE, 20},
         .help = "from which clocks are held down: 5 K below the board's first trip"},
        {0, "state", "FILE", .text = &a->state,
         .help = "where everything is saved: DIR/run/tandem/state"},
        {0, "lease", "TIME", .quantity = {&a->lease, TDM_TIME, 0.05},
         .help = "after so long without a sign of life it is put back: 2 s"},
        {0, "trace", "FILE", .text = &a->trace,
         .help = "log each write: seconds, path, value, result"},
        {0, "json", .flag = &a->json, .help = "what is in force, as JSON"},
    };
    const struct tdm_usage usage = {
        "hil set", "KNOB=VALUE... [-- COMMAND...]",
        "Sets knobs, says what is in force, and puts everything back when it ends. Knobs:\n"
        "  cpu, gpu, emc           one clock (921.6MHz, top, lowest), or governed, or "
        "governed:GOVERNOR\n"
        "  cpu-cap, gpu-cap, emc-cap  governed, but no higher\n"
        "  cores                   CPUs online, cpu0's cluster first\n"
        "  fan                     0 to 255\n"
        "  railgate                on or off: whether the GPU is powered off when idle\n"
        "Findings: 'as asked'; 'held down' for the heat's sake; 'refused' by the kernel; "
        "'overridden' by another program; 'throttled': lower, and hot; 'capped': lower, by a limit "
        "that is not ours; 'rounded' by the driver; 'unreadable'. The exit code is the command's, "
        "or 1 where something is not as asked.",
        options, TDM_COUNT(options)};
    argc = cut_command(argc, argv, a);
    const int count = tdm_options_read(&usage, argc, argv, a->wishes, 1, MOST_WISHES);
    a->wish_count = count;
    return count;
}

// Empty; and whoever writes adds to it, for the guardian does so, too.
static FILE *open_trace(const char *path)
{
    FILE *trace = fopen(path, "we");
    return trace ? freopen(path, "ae", trace) : NULL;
}

int tdm_hil_set(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_hw *hw = tdm_hil_open(&a.where);
    if (!hw)
        return TDM_EXIT_USAGE;
    FILE *trace = a.trace ? open_trace(a.trace) : NULL;
    int code = TDM_EXIT_USAGE;
    if (a.trace && !trace) {
        tdm_fail_errno(&error, a.trace, "cannot write");
        tdm_cli_fail("hil set", &error, code);
    } else {
        tdm_hw_trace(hw, trace);
        code = set(hw, &a);
    }
    tdm_hw_close(hw);
    if (trace)
        fclose(trace);
    return code;
}
