// SPDX-License-Identifier: GPL-3.0-or-later
/** Lines of `.tandem/work`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "hil/vboard/physics.h"

static int number(const char *text, double least, double most, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end == text || *end || !(*value >= least && *value <= most) ? -1 : 0;
}

static int name(const char *text, char *into, size_t size)
{
    if (!tdm_text_is_name(text) || strlen(text) >= size || strchr(text, '/'))
        return -1;
    memcpy(into, text, strlen(text) + 1);
    return 0;
}

static int take(const char *key, const char *value, struct vb_request *request)
{
    double whole;
    if (strcmp(key, "kind") == 0) {
        request->cpu_only = strcmp(value, "cpu") == 0;
        return request->cpu_only || strcmp(value, "dnn") == 0 ? 0 : -1;
    }
    if (strcmp(key, "dnn") == 0)
        return name(value, request->dnn, sizeof request->dnn);
    if (strcmp(key, "mode") == 0)
        return name(value, request->mode, sizeof request->mode);
    if (strcmp(key, "precision") == 0)
        return name(value, request->precision, sizeof request->precision);
    if (strcmp(key, "processor") == 0)
        return name(value, request->processor, sizeof request->processor);
    if (strcmp(key, "share") == 0)
        return number(value, 0, 1, &request->share);
    if (strcmp(key, "time") == 0)
        return number(value, 0, 3600, &request->cpu_time);
    if (strcmp(key, "batch") == 0 && number(value, 1, 4096, &whole) == 0) {
        request->batch = (int)whole;
        return whole == request->batch ? 0 : -1;
    }
    return -1;
}

int vb_request_parse(const char *line, struct vb_request *request, struct tdm_error *error)
{
    char text[512];
    *request = (struct vb_request){
        .mode = "infer", .precision = "fp32", .processor = "gpu", .batch = 1, .share = 1};
    if (strlen(line) >= sizeof text)
        return tdm_fail(error, "a line has at most %zu characters", sizeof text - 1);
    memcpy(text, line, strlen(line) + 1);
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t\r\n", &rest); word;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        if (!value || take(word, value, request))
            return tdm_fail(error, "'%s%s%s' means nothing here", word, value ? "=" : "",
                            value ? value : "");
    }
    if (!request->cpu_only && !request->dnn[0])
        return tdm_fail(error, "which dnn= is to run?");
    return 0;
}
