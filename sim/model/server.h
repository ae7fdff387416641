// SPDX-License-Identifier: GPL-3.0-or-later
/** Where offloaded work runs: how fast, how many at once, and in which order. */
#ifndef TDM_MODEL_SERVER_H
#define TDM_MODEL_SERVER_H

#include "core/schema.h"
#include "model/dnn.h"
#include "model/source.h"

/** A measured or published rate of a whole network on this server. */
struct tdm_rate {
    struct tdm_place place;
    const char *dnn, *precision;
    double time; /**< s of one whole inference, alone on the server */
    const char *source;
};

enum tdm_discipline { TDM_FIFO, TDM_SHARES };
enum tdm_service { TDM_FIXED_SERVICE, TDM_EXPONENTIAL_SERVICE };
extern const char *const tdm_discipline_names[];
extern const char *const tdm_service_names[];

struct tdm_server {
    struct tdm_place place;
    const char *name, *title;
    double flop;       /**< FLOP/s on the data sheet */
    double efficiency; /**< share of it that a network reaches where no rate is known */
    double overhead;   /**< s that each request takes besides its compute */
    int64_t slots;     /**< requests that run at once */
    int discipline;    /**< enum tdm_discipline: wait for a slot, or share the server */
    int service;       /**< enum tdm_service */
    double idle, busy; /**< W; NAN: not known, then no server energy is said */
    const char *source;
    const char *speed_source; /**< of efficiency, overhead and slots, if another */
    const char *power_source; /**< of idle and busy, if another */
    struct tdm_source *sources;
    size_t source_count;
    struct tdm_rate *rates;
    size_t rate_count;

    const char *path;
    struct tdm_arena *arena;
};

extern const struct tdm_element tdm_server_schema;

struct tdm_server *tdm_server_load(const char *name_or_path, struct tdm_error *error);
void tdm_server_free(struct tdm_server *server);

/**
 * Seconds that the layers from `first_layer` on take, alone on the server: their share, by FLOP,
 * of the network's rate, else their FLOP by the server's speed; plus the overhead. A share `xi` of
 * the channels takes that share of the compute.
 */
double tdm_server_time(const struct tdm_server *server, const struct tdm_dnn *dnn,
                       size_t first_layer, double xi);

#endif
