// SPDX-License-Identifier: GPL-3.0-or-later
// What a profile says of who ran what. Its form is ONNX Runtime's, as version 1.21 wrote it.
#include "hil/inference/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *counted(const char *profile)
{
    static char text[TDM_TRIAL_TEXT];
    tdm_trial_count(profile, strlen(profile), text);
    return text;
}

static void kernels_are_counted_by_provider(void **state)
{
    (void)state;
    assert_string_equal(counted("[\n{\"cat\" : \"Session\",\"args\" : {}},\n"
                                "{\"cat\" : \"Node\",\"args\" : {\"op_name\" : \"Conv\","
                                "\"provider\" : \"CPUExecutionProvider\"}},\n"
                                "{\"cat\" : \"Node\",\"args\" : "
                                "{\"provider\":\"CUDAExecutionProvider\"}},\n"
                                "{\"cat\" : \"Node\",\"args\" : "
                                "{\"provider\" : \"CUDAExecutionProvider\"}}\n]"),
                        "CUDAExecutionProvider 2, CPUExecutionProvider 1");
    assert_string_equal(counted("[]"), "");
}

static void what_is_cut_off_or_strange_counts_for_nothing(void **state)
{
    char many[4096] = "", *at = many;
    (void)state;
    assert_string_equal(counted("\"provider\" : \"CUDAExec"), "");
    assert_string_equal(counted("\"provider\""), "");
    assert_string_equal(counted("\"provider\" : 3, \"provider\" : \"A\nB\""), "");
    for (int i = 0; i < 20; i++)
        at += sprintf(at, "\"provider\" : \"%c%050d\" ", 'a' + i, i);
    assert_true(strlen(counted(many)) < TDM_TRIAL_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_are_counted_by_provider),
        cmocka_unit_test(what_is_cut_off_or_strange_counts_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
