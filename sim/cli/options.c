// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "core/error.h"
#include "core/table.h"
#include "core/text.h"

// More options than this are listed by --help alone.
enum { FEW_OPTIONS = 4 };

static void usage_line(const struct tdm_usage *usage, FILE *stream)
{
    const bool few = usage->option_count <= FEW_OPTIONS;
    fprintf(stream, "usage: tandem %s", usage->command);
    if (*usage->after)
        fprintf(stream, " %s", usage->after);
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct tdm_option *o = &usage->options[i];
        if (o->required || few)
            fprintf(stream, " %s--%s%s%s%s", o->required ? "" : "[", o->name,
                    o->argument ? " " : "", o->argument ? o->argument : "", o->required ? "" : "]");
    }
    fputs(few ? "\n" : " [OPTION]...\n", stream);
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

enum { MOST_OPTIONS = 32 };

struct reading {
    const struct tdm_usage *usage;
    bool given[MOST_OPTIONS];
    char **rest; // the arguments not read yet
};

static int wrong(const struct tdm_usage *usage, const char *what, const char *which,
                 const char *more)
{
    fprintf(stderr, "tandem %s: %s '%s'%s\n", usage->command, what, which, more);
    usage_line(usage, stderr);
    return TDM_OPTIONS_WRONG;
}

static int read_whole(const struct tdm_option_whole *whole, const char *text,
                      struct tdm_error *error)
{
    const uint64_t most = whole->most ? whole->most : UINT64_MAX;
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    // strtoull takes "-1" and " 1", too.
    if (*text >= '0' && *text <= '9' && !*end && !errno && number >= whole->least &&
        number <= most) {
        *whole->value = number;
        return 0;
    }
    return tdm_fail(error, "'%s' should be a whole number from %" PRIu64 " to %" PRIu64, text,
                    whole->least, most);
}

static int read_quantity(const struct tdm_option_quantity *quantity, const char *text,
                         struct tdm_error *error)
{
    const bool bare = strspn(text, "+-0123456789.eE") == strlen(text);
    const bool seconds = bare && quantity->dimension == TDM_TIME;
    double value;
    if (tdm_quantity_parse(text, seconds ? TDM_PLAIN : quantity->dimension, &value, error))
        return -1;
    if (value < quantity->least) {
        char least[64];
        return tdm_fail(
            error, "'%s' is too small; it must be at least %s", text,
            tdm_quantity_format(quantity->least, quantity->dimension, 4, least, sizeof least));
    }
    *quantity->value = value;
    return 0;
}

static int keep(const struct tdm_option *option, char *given, struct tdm_error *error)
{
    if (option->text)
        *option->text = given;
    if (option->whole.value)
        return read_whole(&option->whole, given, error);
    if (option->quantity.value)
        return read_quantity(&option->quantity, given, error);
    return option->take ? option->take(option->into, given, error) : 0;
}

// Sets an option; its argument is `given`, or the next word where that is NULL. Options come from
// a table, so names in messages are short.
static int set(struct reading *reading, const struct tdm_option *option, char *given)
{
    struct tdm_error error = {0};
    char name[64];
    snprintf(name, sizeof name, "--%s", option->name);
    reading->given[option - reading->usage->options] = true;
    if (!option->argument) {
        if (given)
            return wrong(reading->usage, "no argument is taken by", name, "");
        *option->flag = true;
        return 0;
    }
    if (!given && !*reading->rest)
        return wrong(reading->usage, "an argument is missing after", name, "");
    if (keep(option, given ? given : *reading->rest++, &error) == 0)
        return 0;
    fprintf(stderr, "tandem %s: %s: %s\n", reading->usage->command, name, error.message);
    return TDM_OPTIONS_WRONG;
}

static int read_long(struct reading *reading, char *word)
{
    const struct tdm_usage *usage = reading->usage;
    const size_t length = strcspn(word, "=");
    char *given = word[length] ? word + length + 1 : NULL;
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
static int read_short(struct reading *reading, char *letters)
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

static int check_required(const struct reading *reading)
{
    const struct tdm_usage *usage = reading->usage;
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct tdm_option *o = &usage->options[i];
        if (!o->required || reading->given[i])
            continue;
        const char shorter[] = {' ', 'o', 'r', ' ', '-', o->letter, '\0'};
        fprintf(stderr, "tandem %s: --%s%s %s is needed\n", usage->command, o->name,
                o->letter ? shorter : "", o->argument);
        usage_line(usage, stderr);
        return -1;
    }
    return 0;
}

int tdm_options_read(const struct tdm_usage *usage, int argc, char **argv, const char **operands,
                     int least, int most)
{
    struct reading reading = {.usage = usage, .rest = argv + (argc > 0)};
    int count = 0;
    assert(usage->option_count <= MOST_OPTIONS);
    for (bool ended = false; *reading.rest;) {
        char *word = *reading.rest++;
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
    return check_required(&reading) ? TDM_OPTIONS_WRONG : count;
}

int tdm_options_exit(int result)
{
    return result == TDM_OPTIONS_HELPED ? TDM_EXIT_DONE : TDM_EXIT_USAGE;
}
