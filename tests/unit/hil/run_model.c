// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What check_inference.py asks: run_model [--provider P] [--threads N] [--batch N] [--times N]
 * [--trial] MODEL. Inputs come on stdin, one after the other, outputs go to stdout; what the model
 * is and what ran goes to stderr. Without MODEL: the runtime's version. Exit 77: there is none.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil/inference/session.h"

enum { FAILED = 1, SKIPPED = 77 };

struct asked {
    struct tdm_session_options options;
    long batch, times;
    const char *model;
};

static const char *const types[] = {"float32", "uint8", "int8"};

static int fail(const struct tdm_error *error)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "error %s\n", text);
    return FAILED;
}

static void show(const char *way, const struct tdm_port *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "%s %s %s", way, ports[i].name, types[ports[i].type]);
        for (int axis = 0; axis < ports[i].rank; axis++)
            fprintf(stderr, "%s%lld", axis ? "x" : " ", (long long)ports[i].shape[axis]);
        fputc('\n', stderr);
    }
}

static int run(struct tdm_session *session, const struct asked *asked)
{
    struct tdm_error error = {0};
    void *outputs[TDM_PORTS] = {0}, *inputs[TDM_PORTS] = {0};
    const void *given[TDM_PORTS];
    size_t input_count, output_count;
    const struct tdm_port *in = tdm_session_inputs(session, &input_count);
    const struct tdm_port *out = tdm_session_outputs(session, &output_count);
    int result = 0;
    show("input", in, input_count);
    show("output", out, output_count);
    fprintf(stderr, "ran %s\n", tdm_session_ran(session));
    for (size_t i = 0; i < input_count; i++) {
        const size_t bytes = tdm_port_bytes(&in[i], asked->batch);
        given[i] = inputs[i] = malloc(bytes ? bytes : 1);
        if (!inputs[i] || fread(inputs[i], 1, bytes, stdin) != bytes)
            result = FAILED;
    }
    for (size_t i = 0; i < output_count; i++)
        outputs[i] = malloc(tdm_port_bytes(&out[i], asked->batch) + 1);
    for (long i = 0; i < asked->times && !result; i++)
        if (tdm_session_run(session, asked->batch, given, outputs, &error))
            result = fail(&error);
    for (size_t i = 0; i < output_count && !result; i++)
        fwrite(outputs[i], 1, tdm_port_bytes(&out[i], asked->batch), stdout);
    for (size_t i = 0; i < TDM_PORTS; i++) {
        free(inputs[i]);
        free(outputs[i]);
    }
    return result;
}

static int parse(int argc, char **argv, struct asked *asked, struct tdm_error *error)
{
    static const struct option options[] = {
        {"provider", required_argument, NULL, 'p'}, {"threads", required_argument, NULL, 't'},
        {"batch", required_argument, NULL, 'b'},    {"times", required_argument, NULL, 'n'},
        {"trial", no_argument, NULL, 'r'},          {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'p' && tdm_provider_find(optarg, &asked->options.provider, error))
            return -1;
        if (option == 't')
            asked->options.threads = atoi(optarg);
        if (option == 'b')
            asked->batch = atol(optarg);
        if (option == 'n')
            asked->times = atol(optarg);
        if (option == 'r')
            asked->options.trial = true;
    }
    asked->model = argv[optind];
    return 0;
}

int main(int argc, char **argv)
{
    struct tdm_error error = {0};
    struct asked asked = {.batch = 1, .times = 1};
    int result = 0;
    if (parse(argc, argv, &asked, &error))
        return fail(&error);
    struct tdm_runtime *runtime = tdm_runtime_open(NULL, &error);
    if (!runtime) {
        fail(&error);
        return getenv("TANDEM_ONNXRUNTIME") ? FAILED : SKIPPED;
    }
    if (asked.model) {
        struct tdm_session *session =
            tdm_session_open(runtime, asked.model, &asked.options, &error);
        result = session ? run(session, &asked) : fail(&error);
        tdm_session_close(session);
    } else {
        printf("%s %s\n", tdm_runtime_version(runtime), tdm_runtime_path(runtime));
    }
    tdm_runtime_close(runtime);
    return result;
}
