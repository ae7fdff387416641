// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/options.h"

#include <assert.h>
#include <string.h>

#include "core/table.h"
#include "core/text.h"

static void usage_line(const struct tdm_usage *usage, FILE *stream)
{
    fprintf(stream, "usage: tandem %s", usage->command);
    if (*usage->after)
        fprintf(stream, " %s", usage->after);
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct tdm_option *o = &usage->options[i];
        fprintf(stream, " [--%s%s%s]", o->name, o->argument ? " " : "",
                o->argument ? o->argument : "");
    }
    fputc('\n', stream);
}

void tdm_options_help(const struct tdm_usage *usage, FILE *stream)
{
    const int width = tdm_terminal_width(stream);
    struct tdm_table table;
    usage_line(usage, stream);
    tdm_text_wrap(stream, usage->about, 0, 0, width);
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct tdm_option *o = &usage->options[i];
        const char shorter[] = {'-', o->letter, ',', ' ', '\0'};
        tdm_table_add(&table, "%s--%s%s%s", o->letter ? shorter : "    ", o->name,
                      o->argument ? " " : "", o->argument ? o->argument : "");
        tdm_table_add(&table, "%s", o->help);
    }
    tdm_table_print(&table, stream, 2, width);
}

// ---- reading -----------------------------------------------------------------------------------

struct reading {
    const struct tdm_usage *usage;
    char **rest; // the arguments not read yet
};

static int wrong(const struct tdm_usage *usage, const char *what, const char *which,
                 const char *more)
{
    fprintf(stderr, "tandem %s: %s '%s'%s\n", usage->command, what, which, more);
    usage_line(usage, stderr);
    return TDM_OPTIONS_WRONG;
}

// Sets an option; its argument is `given`, or the next word where that is NULL. Options come from
// a table, so names in messages are short.
static int set(struct reading *reading, const struct tdm_option *option, const char *given)
{
    char name[64];
    snprintf(name, sizeof name, "--%s", option->name);
    if (!option->argument) {
        if (given)
            return wrong(reading->usage, "no argument is taken by", name, "");
        *option->flag = true;
        return 0;
    }
    if (!given && !*reading->rest)
        return wrong(reading->usage, "an argument is missing after", name, "");
    *option->text = given ? given : *reading->rest++;
    return 0;
}

static int read_long(struct reading *reading, const char *word)
{
    const struct tdm_usage *usage = reading->usage;
    const size_t length = strcspn(word, "=");
    const char *given = word[length] ? word + length + 1 : NULL;
    char name[128];
    struct tdm_nearest nearest;
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    tdm_nearest_start(&nearest, name);
    for (size_t i = 0; i < usage->option_count; i++) {
        if (strcmp(usage->options[i].name, name) == 0)
            return set(reading, &usage->options[i], given);
        tdm_nearest_try(&nearest, usage->options[i].name);
    }
    tdm_nearest_try(&nearest, "help");
    char full[160], hint[160] = "";
    snprintf(full, sizeof full, "--%s", name);
    if (nearest.best && *tdm_nearest_hint(&nearest))
        snprintf(hint, sizeof hint, " (did you mean '--%s'?)", nearest.best);
    return wrong(usage, "unknown option", full, hint);
}

// "-jo FILE" is -j and -o FILE.
static int read_short(struct reading *reading, const char *letters)
{
    const struct tdm_usage *usage = reading->usage;
    for (; *letters; letters++) {
        const struct tdm_option *found = NULL;
        for (size_t i = 0; i < usage->option_count && !found; i++)
            if (usage->options[i].letter == *letters)
                found = &usage->options[i];
        const char shown[] = {'-', *letters, '\0'};
        if (!found)
            return wrong(usage, "unknown option", shown, "");
        if (found->argument)
            return set(reading, found, letters[1] ? letters + 1 : NULL);
        if (set(reading, found, NULL))
            return TDM_OPTIONS_WRONG;
    }
    return 0;
}

int tdm_options_read(const struct tdm_usage *usage, int argc, char **argv, const char **operands,
                     int least, int most)
{
    struct reading reading = {.usage = usage, .rest = argv + (argc > 0)};
    int count = 0;
    for (bool ended = false; *reading.rest;) {
        const char *word = *reading.rest++;
        if (ended || word[0] != '-' || !word[1]) {
            if (count == most)
                return wrong(usage, "unexpected", word, "");
            operands[count++] = word;
        } else if (strcmp(word, "--") == 0) {
            ended = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            tdm_options_help(usage, stdout);
            return TDM_OPTIONS_HELPED;
        } else if (word[1] == '-' ? read_long(&reading, word + 2)
                                  : read_short(&reading, word + 1)) {
            return TDM_OPTIONS_WRONG;
        }
    }
    if (count < least)
        return wrong(usage, "missing", usage->after, "");
    return count;
}
