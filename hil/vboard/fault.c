// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // FNM_LEADING_DIR
#include "hil/vboard/fault.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil/vboard/parse.h"

static const char *const kinds[VB_FAULT_KINDS + 1] = {"hang", "fail",     "override", "vanish",
                                                      "slow", "throttle", NULL};
static const struct {
    const char *name;
    int code;
} codes[] = {{"EIO", EIO},       {"EBUSY", EBUSY}, {"EAGAIN", EAGAIN}, {"EINVAL", EINVAL},
             {"EACCES", EACCES}, {"EPERM", EPERM}, {"ENODEV", ENODEV}, {"ETIMEDOUT", ETIMEDOUT}};

enum { CODES = sizeof codes / sizeof codes[0] };

static int number(const char *text, double least, double most, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end == text || *end || !(*value >= least && *value <= most) ? -1 : 0;
}

static int keep(const char *text, char *into, size_t size)
{
    if (strlen(text) >= size)
        return -1;
    memcpy(into, text, strlen(text) + 1);
    return 0;
}

static int take_code(const char *text, struct vb_fault *fault)
{
    for (int i = 0; i < CODES; i++)
        if (strcmp(codes[i].name, text) == 0)
            return fault->code = codes[i].code, 0;
    return -1;
}

static int take_on(const char *text, struct vb_fault *fault)
{
    fault->on_read = strcmp(text, "read") == 0 || strcmp(text, "both") == 0;
    fault->on_write = strcmp(text, "write") == 0 || strcmp(text, "both") == 0;
    return fault->on_read || fault->on_write ? 0 : -1;
}

// One key=value. -1 if it means nothing.
static int take(const char *key, const char *value, struct vb_fault *fault)
{
    double whole;
    if (strcmp(key, "path") == 0)
        return keep(value, fault->path, sizeof fault->path);
    if (strcmp(key, "value") == 0)
        return keep(value, fault->value, sizeof fault->value);
    if (strcmp(key, "errno") == 0)
        return take_code(value, fault);
    if (strcmp(key, "on") == 0)
        return take_on(value, fault);
    if (strcmp(key, "start") == 0)
        return number(value, 0, 1e9, &fault->start);
    if (strcmp(key, "for") == 0)
        return number(value, 0, 1e9, &fault->end);
    if (strcmp(key, "p") == 0)
        return number(value, 0, 1, &fault->probability);
    if (strcmp(key, "delay") == 0 || strcmp(key, "after") == 0)
        return number(value, 0, 3600, &fault->delay);
    if (strcmp(key, "level") == 0 && number(value, 0, 8, &whole) == 0)
        return fault->level = (int)whole, 0;
    return -1;
}

static int parse(char *text, struct vb_fault *fault, struct tdm_error *error)
{
    char *rest = NULL, *word = strtok_r(text, " \t\n", &rest);
    int kind;
    if (!word || vb_parse_word(word, kinds, &kind))
        return tdm_fail(error,
                        "'%s' is no fault: hang, fail, override, vanish, slow, throttle "
                        "(or clear)",
                        word ? word : "");
    fault->kind = (enum vb_fault_kind)kind;
    while ((word = strtok_r(NULL, " \t\n", &rest))) {
        char *equals = strchr(word, '=');
        if (equals)
            *equals++ = '\0';
        if (!equals || take(word, equals, fault))
            return tdm_fail(error, "'%s%s%s' means nothing here", word, equals ? "=" : "",
                            equals ? equals : "");
    }
    if (fault->kind != VB_THROTTLE && !fault->path[0])
        return tdm_fail(error, "a fault '%s' needs a path=", kinds[kind]);
    return 0;
}

int vb_fault_add(struct vb_faults *faults, const char *line, double now, struct tdm_error *error)
{
    char text[512];
    if (strlen(line) >= sizeof text)
        return tdm_fail(error, "a fault's line has at most %zu characters", sizeof text - 1);
    memcpy(text, line, strlen(line) + 1);
    text[strcspn(text, "\n")] = '\0';
    if (strcmp(text, "clear") == 0) {
        faults->count = faults->due_count = 0;
        return 0;
    }
    if (faults->count == VB_FAULTS)
        return tdm_fail(error, "at most %d faults", VB_FAULTS);
    struct vb_fault fault = {.code = EIO,
                             .on_write = true,
                             .end = INFINITY,
                             .probability = 1,
                             .delay = 0.05,
                             .level = 1};
    if (parse(text, &fault, error))
        return -1;
    fault.start += now;
    fault.end += fault.start;
    faults->list[faults->count++] = fault;
    return 0;
}

const struct vb_fault *vb_fault_at(struct vb_faults *faults, enum vb_fault_kind kind,
                                   const char *path, double now)
{
    for (int i = 0; i < faults->count; i++) {
        const struct vb_fault *fault = &faults->list[i];
        if (fault->kind == kind && now >= fault->start && now < fault->end &&
            fnmatch(fault->path, path, FNM_PATHNAME | FNM_LEADING_DIR) == 0 &&
            (fault->probability >= 1 || tdm_random_uniform(&faults->random) < fault->probability))
            return fault;
    }
    return NULL;
}

int vb_fault_throttle(const struct vb_faults *faults, double now)
{
    int level = 0;
    for (int i = 0; i < faults->count; i++) {
        const struct vb_fault *fault = &faults->list[i];
        if (fault->kind == VB_THROTTLE && now >= fault->start && now < fault->end &&
            fault->level > level)
            level = fault->level;
    }
    return level;
}

double vb_fault_next(const struct vb_faults *faults, double now)
{
    double next = INFINITY;
    for (int i = 0; i < faults->count; i++) {
        const struct vb_fault *fault = &faults->list[i];
        const double at = fault->start > now ? fault->start : fault->end;
        if (at > now && at < next)
            next = at;
    }
    for (int i = 0; i < faults->due_count; i++)
        if (faults->due[i].at < next)
            next = faults->due[i].at;
    return next;
}

int vb_fault_print(const struct vb_faults *faults, double now, char *text, size_t size)
{
    int length = 0;
    for (int i = 0; i < faults->count && (size_t)length < size - 1; i++) {
        const struct vb_fault *fault = &faults->list[i];
        length += vb_print(text + length, size - (size_t)length,
                           "%s path=%s start=%.3f for=%.3f p=%g\n", kinds[fault->kind], fault->path,
                           fault->start - now, fault->end - fault->start, fault->probability);
    }
    return length;
}
