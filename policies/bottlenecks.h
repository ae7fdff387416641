// SPDX-License-Identifier: GPL-3.0-or-later
/** Natural bottlenecks: the cuts of a network that are worth a look where only latency counts. */
#ifndef TDM_POLICIES_BOTTLENECKS_H
#define TDM_POLICIES_BOTTLENECKS_H

#include "model/dnn.h"

/**
 * Fills `points` (room for dnn->cut_count) with the cuts whose tensor, at `bits` a value, takes
 * fewer bytes than the input as it is sent (enum tdm_input_form) and than the tensor of every cut
 * before, by rising depth; returns their number. Bakhtiarnia et al., arXiv 2205.11269: another cut
 * costs the board more work than one of these, or than the input, and sends no less.
 */
int tdm_bottlenecks(const struct tdm_dnn *dnn, int input, int bits, int *points);

#endif
