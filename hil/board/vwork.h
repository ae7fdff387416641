// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Tells a virtual board (`tandem-vboard`) what runs on it. A real board knows by itself; a virtual
 * one draws power, warms up and takes its time only for work that its executor reports here.
 *
 * The protocol, for those who speak it from elsewhere: open ROOT/.tandem/work (a file on FUSE, a
 * Unix stream socket in a plain folder), write one line, read one line. The read blocks until the
 * board has done the work, at the clocks in force, in real time. One handle does one work at a
 * time; several handles share the processors. Closing the handle gives the work up.
 *
 *     kind=dnn dnn=vit-b16 mode=infer precision=fp32 batch=1 processor=gpu share=0.37
 *     kind=cpu time=0.004
 *
 * `share` is the fraction of the whole network's work (0 to 1); `time` is in seconds of one core at
 * the top CPU clock. What is left out: kind dnn, mode infer, precision fp32, batch 1, processor
 * gpu, share 1. The answer is `seconds=0.0123` (how long it took) or `error=` and why not.
 */
#ifndef TDM_BOARD_VWORK_H
#define TDM_BOARD_VWORK_H

#include <stdatomic.h>

#include "core/error.h"

struct tdm_vwork;

/** Work for the board. NULL and 0 stand for what is left out of the line. */
struct tdm_vwork_job {
    const char *dnn; /**< NULL: CPU work of `cpu_time` */
    const char *mode, *precision, *processor;
    int batch;
    double share;    /**< of the whole network's work, 0 to 1; asserted */
    double cpu_time; /**< s of one core at the top CPU clock */
};

enum { TDM_VWORK_LINE = 512 }; /**< bytes that a line or an answer may have, its newline included */

/**
 * A handle on the virtual board under `root`. NULL where `root` is no virtual board (or it has no
 * handle left): no error, the board is real. The caller closes it; one thread at a time uses it.
 */
struct tdm_vwork *tdm_vwork_open(const char *root);
void tdm_vwork_close(struct tdm_vwork *work);

/**
 * A run that a signal interrupts while `stop` is true ends with an error; the handle is then good
 * for nothing but closing, which gives the work up. NULL: a run goes on.
 */
void tdm_vwork_heed(struct tdm_vwork *work, const atomic_bool *stop);

/** Writes the job's line, its newline included. -1 if it does not fit or a name holds a blank. */
int tdm_vwork_line(const struct tdm_vwork_job *job, char *line, size_t size);

/**
 * Has the board do it, and blocks until it has. `seconds` (may be NULL) is how long it took on the
 * board. -1 with `error`: the board is gone, or does not know such work.
 */
int tdm_vwork_run(struct tdm_vwork *work, const struct tdm_vwork_job *job, double *seconds,
                  struct tdm_error *error);

#endif
