// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a board is: the seam between the story of a request and whatever answers for the board.
 * The model computes, a replay looks up, hardware does. One stage at a time.
 */
#ifndef TDM_ENGINE_DRIVER_H
#define TDM_ENGINE_DRIVER_H

#include "model/costs.h"
#include "model/scenario.h"

enum tdm_stage_kind {
    TDM_HEAD,      /**< the layers before the point */
    TDM_LOCAL,     /**< the board's share of the channels beyond the point */
    TDM_PACKING,   /**< quantise or compress what is sent, on one core */
    TDM_SWITCHING, /**< what a board does otherwise: stalled by a change of clocks, … */
    TDM_RESTING,   /**< … or idle */
    TDM_THINKING,  /**< one core decides what to do */
    TDM_BEFORE,    /**< another network, whole, before the head: a plan's `first` */
    TDM_STAGES
};
extern const char *const tdm_stage_names[TDM_STAGES + 1]; /**< "head", …; ends with NULL */

/** A piece of work that runs in one go. */
struct tdm_stage {
    enum tdm_stage_kind kind;
    struct tdm_costs *costs;
    const struct tdm_plan *plan; /**< that it belongs to */
    int processor;
    int point;     /**< of first, head and local */
    int part;      /**< of local: which share stays (tdm_costs_part) */
    double bytes;  /**< of packing: before it */
    double time;   /**< s, of thinking */
    double factor; /**< jitter on its time */
};

/** What happened between two times: J by cause. Segments of a board follow without gaps. */
struct tdm_segment {
    double start, end;       /**< s */
    struct tdm_watts energy; /**< J */
};

/** What sensors show, and which clocks are in force. */
struct tdm_readings {
    double temperature; /**< degC */
    double power;       /**< W */
    int opp[TDM_CLOCKS];
    double load[TDM_CLOCKS];
    bool throttled; /**< heat caps a clock, or is about to */
    double heat;    /**< degC, by which it is throttled: no sensor in between; 0: not known */
};

/** A stretch of constant power within a segment, for records. */
struct tdm_piece {
    double start, end;
    struct tdm_watts watts;
    double temperature; /**< degC at its start */
    int opp[TDM_CLOCKS];
    int stage;       /**< enum tdm_stage_kind */
    int64_t request; /**< the last one that began; -1: none yet */
};

/** Who wants to know of each piece as soon as it is known. */
struct tdm_listener {
    void (*piece)(struct tdm_listener *listener, int board, const struct tdm_piece *piece);
};

struct tdm_pieces {
    bool kept; /**< for a record */
    struct tdm_piece *items;
    size_t count, room;
    bool lost;                     /**< memory ran out: some are missing */
    int64_t request;               /**< goes into the pieces to come */
    struct tdm_listener *listener; /**< or NULL */
    int board;                     /**< whose they are, for the listener */
};

/** Adds a piece, as of the present request. */
void tdm_pieces_add(struct tdm_pieces *pieces, const struct tdm_piece *piece);

struct tdm_driver {
    const struct tdm_driver_type *type;
    double now;                     /**< s: where its last segment ended */
    const struct tdm_error *failed; /**< it cannot go on, and why; NULL: all is well */
};

struct tdm_live;

/** What a driver is opened with. All pointers outlive it. */
struct tdm_driver_setup {
    const struct tdm_scenario *scenario;
    int board;               /**< index */
    struct tdm_costs *costs; /**< of its first stream: what it draws at rest */
    struct tdm_situation *situations;
    size_t situation_count;
    const double *load_from; /**< when each load interval begins, s; the first at 0 */
    int *load_kind;          /**< of each interval; situation = kind * core_count + cores */
    size_t load_count;       /**< intervals */
    const int *cores;        /**< numbers of cores online that plans may ask for */
    size_t core_count;
    struct tdm_pieces *pieces; /**< NULL: nobody records */
    uint64_t seed;
    struct tdm_live *live; /**< of an engine that has boards carry out whole plans; or NULL */
};

struct tdm_driver_type {
    const char *scheme; /**< of its URI: "model" */
    const char *summary;
    struct tdm_driver *(*open)(const char *rest, const struct tdm_driver_setup *setup,
                               struct tdm_error *error);
    void (*close)(struct tdm_driver *driver);
    /** As if just opened, for a run that begins at `begin` s, without the heap; NULL: it cannot. */
    void (*restart)(struct tdm_driver *driver, double begin);
    /** Clocks of a plan, for what `costs` are of; what the change stalls goes into the segment. */
    void (*set_clocks)(struct tdm_driver *driver, const struct tdm_costs *costs,
                       const struct tdm_plan *plan, struct tdm_segment *segment);
    void (*run)(struct tdm_driver *driver, const struct tdm_stage *stage,
                struct tdm_segment *segment);
    /** Until a time; nothing if that is past. */
    void (*rest)(struct tdm_driver *driver, double until, struct tdm_segment *segment);
    void (*read)(struct tdm_driver *driver, struct tdm_readings *readings);
    /**
     * A second driver in the same state, or a model in that state, to look ahead with; `scratch` is
     * an earlier answer to be used again, or NULL.
     */
    struct tdm_driver *(*copy)(const struct tdm_driver *driver, struct tdm_driver *scratch);
};

enum { TDM_MOST_DRIVERS = 8 };

/** The drivers: those of this floor, then those of floors above; ends with NULL. */
extern const struct tdm_driver_type *tdm_driver_types[TDM_MOST_DRIVERS + 1];
extern const struct tdm_driver_type tdm_model_driver, tdm_replay_driver;

/** Hands down a driver from a floor above, when the program starts; one that is there is fine. */
void tdm_driver_add(const struct tdm_driver_type *type);

/** By URI "scheme:rest". NULL with `error` filled, naming the nearest scheme. */
struct tdm_driver *tdm_driver_open(const char *uri, const struct tdm_driver_setup *setup,
                                   struct tdm_error *error);

/**
 * A model of a board that cannot be copied, to look ahead with: as of `now`, the readings and the
 * plan before. `scratch` as in `copy`.
 */
struct tdm_driver *tdm_model_twin(const struct tdm_driver_setup *setup, double now,
                                  const struct tdm_readings *readings, const struct tdm_plan *last,
                                  struct tdm_driver *scratch);

static inline void tdm_watts_add(struct tdm_watts *sum, const struct tdm_watts *watts, double by)
{
    sum->fixed += by * watts->fixed;
    sum->cpu += by * watts->cpu;
    sum->gpu += by * watts->gpu;
    sum->memory += by * watts->memory;
    sum->leakage += by * watts->leakage;
}

#endif
