// SPDX-License-Identifier: GPL-3.0-or-later
/** What the policies have in common that learn by a deep Q-network with a branch a knob. */
#ifndef TDM_POLICIES_DEEP_Q_H
#define TDM_POLICIES_DEEP_Q_H

#include "policies/learn/options.h"

/**
 * The settings, over those that are usual.
 *
 * A branch learns the mean over what the others did while its transitions were made. So the memory
 * is short, and blind exploring ends early: what it then sees is what they do when they do their
 * best, or nearly: clocks that differ by less than luck does are tried about as often as the best.
 * A request's reward holds the waits that it causes, so nothing that comes later matters to it.
 */
void tdm_deep_q_options(struct tdm_learn_options *options);

/** Requests of a training with them. */
enum { TDM_DEEP_Q_STEPS = 500000 };

#endif
