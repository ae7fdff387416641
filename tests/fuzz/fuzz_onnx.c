// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as an ONNX file, up to where ONNX Runtime takes over, and as the profile that it
 * writes. What is refused says why; a model that is taken is refused once it is cut off.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "hil/inference/onnx_file.h"
#include "hil/inference/trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tdm_error error = {0};
    char text[TDM_TRIAL_TEXT];
    if (tdm_onnx_check(data, size, "m.onnx", &error))
        assert(error.message[0] && strcmp(error.file, "m.onnx") == 0);
    else
        assert(size >= 6); // a version, and a graph with a node
    tdm_trial_count((const char *)data, size, text);
    assert(strlen(text) < sizeof text);
    return 0;
}
