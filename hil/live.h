// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The engine `live:`: a scenario's board is a real one (or a virtual one) behind an agent, its
 * requests arrive by the real clock, and each plan is carried out there as a whole, its features
 * sent to a real tandem-cloud (the server's `uri`). What the scenario says of links and servers
 * otherwise is what simulation would make of them; here they are what they are.
 *
 * A server that has not answered after ten times the longest deadline of the board's streams (1 to
 * 30 s) ends the run: the link is gone. The first request to a server connects first; its head
 * then includes that, and tdm_live_tell says how long it was.
 *
 * One board, one request at a time. A radio's energy is in the board's rails or in none: it is not
 * modelled on top. The answer to a plan comes with its energy, so the board is not free for the
 * next request before its sensors have shown the last one (0.04 to 0.9 s, by JetPack): who comes in
 * between waits, and that is recorded as waiting.
 */
#ifndef TDM_HIL_LIVE_H
#define TDM_HIL_LIVE_H

#include <stdio.h>

#include "engine/engine.h"
#include "hil/wire/order.h"

/** A plan that a board has carried out, while the story of its request is told. */
struct tdm_live_plan {
    struct tdm_inference told;
    double until; /**< s of the run, to which it reaches; what the driver's now is below is told */
    double watts; /**< that the board drew meanwhile */
};

/** Shared by the engine and its board's driver. */
struct tdm_live {
    double began;      /**< s of the monotonic clock at the run's start; NAN: it has not begun */
    uint64_t requests; /**< plans that were carried out */
    uint64_t labelled, right; /**< of them: of pictures with a label, and answered with it */
    uint64_t cold;            /**< that had to connect first, */
    double connecting;        /**< and for how long in sum, s */
};

/** s of the run by the real clock. */
double tdm_live_now(const struct tdm_live *live);

/** Hands the engine down, when the program starts. */
void tdm_live_engine_add(void);

/** What only a live run knows: a line or two about answers and connections. Nothing for others. */
void tdm_live_tell(const struct tdm_engine *engine, FILE *out);

#endif
