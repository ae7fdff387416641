// SPDX-License-Identifier: GPL-3.0-or-later
/** What LMOS counts as use of the board. */
#ifndef TDM_POLICIES_LMOS_H
#define TDM_POLICIES_LMOS_H

#include "model/dnn.h"

/**
 * Bytes that the layers before each point take in fp32: their weights, and the most that any one
 * of them reads and writes. Fills cut_count + 2 of them; never falls with depth.
 */
void tdm_head_memory(const struct tdm_dnn *dnn, double *memory);

#endif
