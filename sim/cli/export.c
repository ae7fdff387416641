// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/partial.h"
#include "core/schema.h"
#include "engine/engine.h"
#include "engine/platform.h"

struct arguments {
    const char *what[2]; // "simgrid", SCENARIO
    const char *output;
};

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'o', "output", "FILE", .text = &a->output, .help = "in place of standard output"},
    };
    const struct tdm_usage usage = {
        "export", "simgrid SCENARIO",
        "Writes a scenario, a name or a file, as a SimGrid platform: boards as hosts with their "
        "GPU's clocks as pstates and their watts, servers, links and cells with the rates that "
        "they begin with. Other SimGrid programs read it.",
        options, TDM_COUNT(options)};
    *a = (struct arguments){0};
    return tdm_options_read(&usage, argc, argv, a->what, 2, 2);
}

static int write_platform(const struct tdm_scenario *scenario, const struct tdm_engine *engine,
                          const char *path, struct tdm_error *error)
{
    const struct tdm_platform_form form = {.unit = 1};
    if (!path) {
        tdm_platform_write(scenario, engine->units, &form, stdout);
        return 0;
    }
    struct tdm_partial partial;
    if (tdm_partial_open(&partial, path, error))
        return -1;
    FILE *out = fdopen(dup(partial.fd), "w");
    if (out)
        tdm_platform_write(scenario, engine->units, &form, out);
    const bool failed = !out || ferror(out);
    if ((out && fclose(out) != 0) || failed) {
        tdm_partial_abandon(&partial);
        return tdm_fail_errno(error, path, "cannot write");
    }
    return tdm_partial_commit(&partial, error);
}

static int export_scenario(const struct arguments *a, struct tdm_error *error)
{
    struct tdm_scenario *scenario = tdm_scenario_load(a->what[1], error);
    if (!scenario)
        return TDM_EXIT_USAGE;
    int code = TDM_EXIT_USAGE;
    struct tdm_engine *engine = NULL;
    if (scenario->platform_count)
        tdm_fail(error, "the network of '%.64s' is a SimGrid platform already: '%.128s'",
                 scenario->name, scenario->platforms[0].file);
    else
        engine = tdm_engine_open("simgrid:", scenario, 0, error);
    if (engine)
        code = write_platform(scenario, engine, a->output, error) ? TDM_EXIT_FAILED : TDM_EXIT_DONE;
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return code;
}

int tdm_cli_export(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    if (strcmp(a.what[0], "simgrid") != 0) {
        tdm_fail(&error, "'%.64s' is no format; 'simgrid' is", a.what[0]);
        return tdm_cli_fail("export", &error, TDM_EXIT_USAGE);
    }
    const int code = export_scenario(&a, &error);
    return code == TDM_EXIT_DONE ? code : tdm_cli_fail("export", &error, code);
}
