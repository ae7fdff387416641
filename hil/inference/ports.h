// SPDX-License-Identifier: GPL-3.0-or-later
/** A model's inputs and outputs, as the runtime tells them, checked. */
#ifndef TDM_INFERENCE_PORTS_H
#define TDM_INFERENCE_PORTS_H

#include "hil/inference/ort.h"
#include "hil/inference/session.h"

struct tdm_ports {
    size_t count;
    struct tdm_port port[TDM_PORTS];
    const char *names[TDM_PORTS]; // of the above
};

enum tdm_way { TDM_INPUT, TDM_OUTPUT };

/** 0, or -1 with `error`, whose file is `path`. */
int tdm_ports_read(struct tdm_ports *ports, struct tdm_runtime *runtime, const ort_session *session,
                   enum tdm_way way, const char *path, struct tdm_error *error);

#endif
