// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/kind.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "core/text.h"
#include "model/library.h"

// ---- list --------------------------------------------------------------------------------------

struct listing {
    const struct tdm_kind *kind;
    struct tdm_table table;
    json_t *json; // NULL: the table
    int code;
};

static void list_one(void *context, const char *name)
{
    struct listing *listing = context;
    struct tdm_error error = {0};
    void *object = listing->kind->load(name, &error);
    if (!object) { // one that is broken hides no other
        listing->code = tdm_cli_fail(listing->kind->name, &error, TDM_EXIT_USAGE);
        return;
    }
    if (listing->json)
        json_array_append_new(listing->json, listing->kind->summary(object));
    else
        listing->kind->row(object, &listing->table);
    listing->kind->free(object);
}

static int list(const struct tdm_kind *kind, int argc, char **argv)
{
    bool json = false;
    char command[64];
    snprintf(command, sizeof command, "%s list", kind->name);
    const struct tdm_option options[] = {
        {.name = "json", .help = "as JSON, in SI units", .flag = &json}};
    const struct tdm_usage usage = {command, "", kind->listed, options, TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (count < 0)
        return tdm_options_exit(count);
    struct listing listing = {.kind = kind, .json = json ? json_array() : NULL};
    if (!json)
        tdm_table_start(&listing.table, kind->titles);
    tdm_library_list(kind->folder, list_one, &listing);
    if (!json) {
        tdm_table_print(&listing.table, stdout, 0, tdm_terminal_width(stdout));
        return listing.code;
    }
    const int code = tdm_cli_json(listing.json);
    return code ? code : listing.code;
}

// ---- show --------------------------------------------------------------------------------------

static int show_one(const struct tdm_kind *kind, const char *reference, bool json,
                    const bool *flags)
{
    struct tdm_error error = {0};
    void *object = kind->load(reference, &error);
    if (!object)
        return tdm_cli_fail(kind->name, &error, TDM_EXIT_USAGE);
    int code = TDM_EXIT_DONE;
    if (json) {
        json_t *whole = tdm_describe_json(kind->schema, object);
        json_object_set_new(whole, "file", json_string(kind->path(object)));
        code = tdm_cli_json(whole);
    } else {
        kind->show(object, flags, stdout);
    }
    kind->free(object);
    return code;
}

static int show(const struct tdm_kind *kind, int argc, char **argv)
{
    bool json = false, flags[TDM_KIND_FLAGS] = {false};
    const char *operands[1];
    char command[64];
    snprintf(command, sizeof command, "%s show", kind->name);
    struct tdm_option options[TDM_KIND_FLAGS + 1] = {{0}};
    size_t count = 0;
    for (; kind->flags[count]; count++)
        options[count] = (struct tdm_option){
            .name = kind->flags[count], .help = kind->flag_help[count], .flag = &flags[count]};
    options[count++] = (struct tdm_option){
        .name = "json", .help = "all of it as JSON, in SI units", .flag = &json};
    const struct tdm_usage usage = {command, "NAME|FILE", kind->shown, options, count};
    const int operand_count = tdm_options_read(&usage, argc, argv, operands, 1, 1);
    if (operand_count < 0)
        return tdm_options_exit(operand_count);
    return show_one(kind, operands[0], json, flags);
}

// ---- the command -------------------------------------------------------------------------------

static void help(const struct tdm_kind *kind, FILE *stream)
{
    const int width = tdm_terminal_width(stream);
    struct tdm_table table;
    fprintf(stream, "usage: tandem %s list [--json]\n       tandem %s show NAME|FILE", kind->name,
            kind->name);
    for (size_t i = 0; kind->flags[i]; i++)
        fprintf(stream, " [--%s]", kind->flags[i]);
    fputs(" [--json]\n", stream);
    if (kind->more)
        fprintf(stream, "       tandem %s %s %s\n", kind->name, kind->more->name,
                kind->more->arguments);
    fputc('\n', stream);
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    tdm_table_add(&table, "list");
    tdm_table_add(&table, "%s", kind->listed);
    tdm_table_add(&table, "show");
    tdm_table_add(&table, "%s", kind->shown);
    if (kind->more) {
        tdm_table_add(&table, "%s", kind->more->name);
        tdm_table_add(&table, "%s", kind->more->summary);
    }
    for (size_t i = 0; kind->flags[i]; i++) {
        tdm_table_add(&table, "--%s", kind->flags[i]);
        tdm_table_add(&table, "%s", kind->flag_help[i]);
    }
    tdm_table_add(&table, "--json");
    tdm_table_add(&table, "for programs: all numbers in SI units, which the keys name");
    tdm_table_print(&table, stream, 2, width);
    fprintf(stream,
            "\nNames are those of the files in platforms/%s and in the folders of the\n"
            "environment variable TANDEM_PLATFORMS, colon separated.\n",
            kind->folder);
}

int tdm_kind_run(const struct tdm_kind *kind, int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : NULL;
    if (what && strcmp(what, "list") == 0)
        return list(kind, argc - 1, argv + 1);
    if (what && strcmp(what, "show") == 0)
        return show(kind, argc - 1, argv + 1);
    if (what && kind->more && strcmp(what, kind->more->name) == 0)
        return kind->more->run(argc - 1, argv + 1);
    if (what && (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0)) {
        help(kind, stdout);
        return TDM_EXIT_DONE;
    }
    if (!what) {
        help(kind, stderr);
        return TDM_EXIT_USAGE;
    }
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, what);
    tdm_nearest_try(&nearest, "list");
    tdm_nearest_try(&nearest, "show");
    if (kind->more)
        tdm_nearest_try(&nearest, kind->more->name);
    fprintf(stderr, "tandem %s: there is no '%s'%s; it is 'tandem %s list'%s 'show'%s%s%s\n",
            kind->name, what, tdm_nearest_hint(&nearest), kind->name, kind->more ? "," : " or",
            kind->more ? " or '" : "", kind->more ? kind->more->name : "", kind->more ? "'" : "");
    return TDM_EXIT_USAGE;
}
