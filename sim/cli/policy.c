// SPDX-License-Identifier: GPL-3.0-or-later
// tandem policy: the policies that there are, and what each does.
#include "policies/policy.h"

#include <jansson.h>
#include <string.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_parts.h"
#include "core/text.h"

static json_t *policy_json(const struct tdm_policy_type *type)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "name", type->name, "summary", type->summary, "help",
                     type->help, "learns", type->learn != NULL);
}

static int list(int argc, char **argv)
{
    bool json = false;
    const struct tdm_option options[] = {{.name = "json", .help = "as JSON", .flag = &json}};
    const struct tdm_usage usage = {"policy list", "", "The policies, one line each.", options,
                                    TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (count < 0)
        return tdm_options_exit(count);
    json_t *array = json ? json_array() : NULL;
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"policy", "what it does", NULL});
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++)
        if (json) {
            json_array_append_new(array, policy_json(*type));
        } else {
            tdm_table_add(&table, "%s", (*type)->name);
            tdm_table_add(&table, "%s", (*type)->summary);
        }
    if (json)
        return tdm_cli_json(array);
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
    return TDM_EXIT_DONE;
}

// "governed:ondemand" is asked for as often as "governed".
static const struct tdm_policy_type *find(const char *name)
{
    const size_t length = strcspn(name, ":");
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++) {
        if (strlen((*type)->name) == length && strncmp((*type)->name, name, length) == 0)
            return *type;
        tdm_nearest_try(&nearest, (*type)->name);
    }
    fprintf(stderr, "tandem policy: there is no policy '%s'%s; 'tandem policy list' shows them\n",
            name, tdm_nearest_hint(&nearest));
    return NULL;
}

static int show(int argc, char **argv)
{
    bool json = false;
    const char *name;
    const struct tdm_option options[] = {{.name = "json", .help = "as JSON", .flag = &json}};
    const struct tdm_usage usage = {"policy show", "NAME",
                                    "What a policy does, and what its argument means.", options,
                                    TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, &name, 1, 1);
    if (count < 0)
        return tdm_options_exit(count);
    const struct tdm_policy_type *type = find(name);
    if (!type)
        return TDM_EXIT_USAGE;
    if (json)
        return tdm_cli_json(policy_json(type));
    printf("%s: %s\n\n  ", type->name, type->summary);
    tdm_text_wrap(stdout, type->help, 2, 2, tdm_terminal_width(stdout));
    return TDM_EXIT_DONE;
}

int tdm_cli_policy(int argc, char **argv)
{
    static const char help[] = "usage: tandem policy list [--json]\n"
                               "       tandem policy show NAME [--json]\n"
                               "       tandem policy time SCENARIO --policy NAME [--json]\n\n"
                               "  list  the policies, one line each\n"
                               "  show  what a policy does, and what its argument means\n"
                               "  time  how long its decisions take on this machine\n";
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "list") == 0)
        return list(argc - 1, argv + 1);
    if (strcmp(what, "show") == 0)
        return show(argc - 1, argv + 1);
    if (strcmp(what, "time") == 0)
        return tdm_policy_time(argc - 1, argv + 1);
    const bool asked = strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0;
    if (!asked && *what) {
        struct tdm_nearest nearest;
        tdm_nearest_start(&nearest, what);
        tdm_nearest_try(&nearest, "list");
        tdm_nearest_try(&nearest, "show");
        tdm_nearest_try(&nearest, "time");
        fprintf(stderr,
                "tandem policy: there is no '%s'%s; it is 'tandem policy list', 'show' or 'time'\n",
                what, tdm_nearest_hint(&nearest));
        return TDM_EXIT_USAGE;
    }
    fputs(help, asked ? stdout : stderr);
    return asked ? TDM_EXIT_DONE : TDM_EXIT_USAGE;
}
