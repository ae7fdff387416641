// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The radio that pays for a link: power while it sends or receives, promotion from idle, and the
 * tail after the last byte (Huang et al., MobiSys 2012; Narayanan et al., SIGCOMM 2021).
 */
#ifndef TDM_MODEL_RADIO_H
#define TDM_MODEL_RADIO_H

#include "core/schema.h"
#include "model/source.h"

/** While the signal is weaker than `below`, transfer power is multiplied. */
struct tdm_radio_signal {
    struct tdm_place place;
    double below;  /**< dBm */
    double factor; /**< on up, down and base */
    const char *source;
};

struct tdm_radio {
    struct tdm_place place;
    const char *name, *title;
    double up, down;                        /**< W per (byte/s) */
    double base;                            /**< W while a transfer lasts */
    double promotion_time, promotion_power; /**< s, W: from idle to ready */
    double tail_time, tail_power;           /**< s, W: after the last byte */
    const char *source;
    const char *state_source;     /**< of promotion and tail, if another */
    const char *promotion_source; /**< of promotion, if another than the tail's */
    struct tdm_source *sources;
    size_t source_count;
    struct tdm_radio_signal *signals;
    size_t signal_count;

    const char *path;
    struct tdm_arena *arena;
};

extern const struct tdm_element tdm_radio_schema;

struct tdm_radio *tdm_radio_load(const char *name_or_path, struct tdm_error *error);
void tdm_radio_free(struct tdm_radio *radio);

/** The factor on transfer power at this signal (dBm); 1 where the signal is NAN. */
double tdm_radio_factor(const struct tdm_radio *radio, double signal);

#endif
