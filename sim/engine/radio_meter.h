// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a link's radio draws over time: promotion from idle, transfers, tails as long as they
 * really last. Transfers are told in order of their starts; where two overlap, the base power is
 * paid once.
 */
#ifndef TDM_ENGINE_RADIO_METER_H
#define TDM_ENGINE_RADIO_METER_H

#include "model/radio.h"
#include "trace/trace.h"

/** A stretch of constant radio power, for records. */
struct tdm_radio_piece {
    double start, end, watts;
};

struct tdm_radio_pieces {
    struct tdm_radio_piece *items;
    size_t count, room;
    bool lost; /**< memory ran out: some are missing */
};

struct tdm_radio_meter {
    const struct tdm_radio *radio;   /**< NULL: nobody pays */
    double until;                    /**< s, the end of the run: what comes later is not counted */
    double last;                     /**< s, when the last transfer ended; -INFINITY: none yet;
                                          INFINITY: one has begun whose end is not known */
    double energy;                   /**< J so far, the running tail not included */
    struct tdm_radio_pieces *pieces; /**< NULL: nobody records */
};

/** Seconds that the promotion takes if a transfer starts now. */
double tdm_radio_delay(const struct tdm_radio_meter *meter, double now);

/**
 * Counts a transfer of `bytes` in [start, end] at `signal` (dBm or NAN); its promotion, if any,
 * ended at `start`. Returns its own J: transfer and promotion, no tail.
 */
double tdm_radio_transfer(struct tdm_radio_meter *meter, enum tdm_direction direction, double start,
                          double end, double bytes, double signal);

/**
 * The same in two parts, where the end is not known at the start. Others that are told of in
 * between lie within it, so it pays the base for them. `begin` returns the J of the promotion,
 * `end` those of the transfer.
 */
double tdm_radio_begin(struct tdm_radio_meter *meter, double start);
double tdm_radio_end(struct tdm_radio_meter *meter, enum tdm_direction direction, double start,
                     double end, double bytes, double signal);

/** Counts the tail up to the end of the run. */
void tdm_radio_stop(struct tdm_radio_meter *meter, double end);

/** J of a whole tail. */
double tdm_radio_tail(const struct tdm_radio *radio);

#endif
