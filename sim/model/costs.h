// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a stage costs on a board: the calibrated whole of a dnn, cut at its points, tabulated over
 * clocks. A cell is computed when it is first asked for; then a look-up costs a few ns.
 *
 * A stage gets its share of the whole: the latency form, applied layer by layer at the same
 * clocks, gives each layer's weight, and the weights of a dnn sum to one. So a head and its tail
 * cost exactly what the whole costs. Where the board runs the share 1 - xi of the channels,
 * compute and traffic shrink with it; launches and fixed costs do not.
 *
 * Who leaves a network at an exit pays for the layers up to there what they cost within the whole,
 * and for those of the branch by the same form; meanwhile the board draws what it draws for the
 * whole.
 */
#ifndef TDM_MODEL_COSTS_H
#define TDM_MODEL_COSTS_H

#include "model/levels.h"
#include "model/power.h"

/** What holds for a while: co-runners and cores online. Cells are kept apart by it. */
struct tdm_situation {
    struct tdm_load load;
    int cores; /**< online */
};

/** The board's time beyond each point while it runs one share of the channels. */
struct tdm_part {
    double share;           /**< of the channels that stay: 1 - xi */
    double *beyond;         /**< s from each point to the end; point_count of them */
    struct tdm_watts watts; /**< while it runs */
};

/**
 * One board, dnn and processor at one set of clocks, in one situation. What a stage reads lies
 * together, in as few lines of the cache as can be: under random plans, each is another cell.
 */
struct tdm_cell {
    struct tdm_watts run;         /**< W while it runs, leakage at the reference temperature */
    double run_sum;               /**< W, less the leakage */
    double ug;                    /**< utilisation of the gpu meanwhile */
    const struct tdm_part *parts; /**< one a level of xi below 1; NULL: nobody asked for the cell */

    struct tdm_watts idle;    /**< W while nothing runs */
    double idle_sum;          /**< W, less the leakage */
    double pack_rate;         /**< bytes/s that one core packs */
    double packing_sum;       /**< W, less the leakage */
    struct tdm_watts packing; /**< W while one core packs what is sent */

    double time;   /**< s of the whole */
    double uc, um; /**< utilisation of cpu and memory meanwhile */
    double head[]; /**< s of the layers before each point; point_count of them */
};

/** A layer's share of the whole; layers alike are weighed once. */
struct tdm_shape {
    double flop, bytes, kernels; /**< each 0 to 1 */
    double time;                 /**< scratch: s at the clocks in hand */
};

struct tdm_costs {
    const struct tdm_board *board;
    const struct tdm_dnn *dnn;
    struct tdm_costs *whole; /**< where one leaves at an exit: those of the network; else NULL */
    struct tdm_fit fit;
    int point_count; /**< cuts + 2 */
    int part_count;
    double part_share[TDM_MOST_LEVELS + 1];
    struct tdm_situation *situations;
    size_t situation_count;
    size_t processor_count, cpu_count, gpu_count, emc_count; /**< processors and OPPs */
    struct tdm_shape *shapes;
    size_t shape_count;
    int *shape_of;         /**< by layer */
    const int *calibrated; /**< the same of the whole network, which the fit is for */
    size_t calibrated_count;
    struct tdm_known_accuracy {
        double xi, value;
        int bits;
    } accuracy[12];       /**< what was asked for last, by kind of question */
    double gap;           /**< W of total rails that the fit does not cover; part of `fixed` */
    unsigned char **rows; /**< of cells by emc; by situation, processor, cpu and gpu */
    size_t cell_size;     /**< bytes from one to the next */
    struct tdm_arena *arena;
};

/**
 * Tables for a version of a stream, or for an exit of it, empty at first; `situations` are copied.
 * NULL if there is no memory. The caller frees them. Cells are filled in by look-ups, so a table
 * belongs to one thread.
 */
struct tdm_costs *tdm_costs_new(const struct tdm_board *board, const struct tdm_version *version,
                                const struct tdm_levels *levels,
                                const struct tdm_situation *situations, size_t situation_count);
void tdm_costs_free(struct tdm_costs *costs);

/** Computes a cell; NULL only if memory ran out. */
const struct tdm_cell *tdm_costs_fill(struct tdm_costs *costs, int situation, int processor,
                                      const int opp[TDM_CLOCKS]);

/** Where the row is whose cells differ in the memory's clock alone. */
static inline size_t tdm_costs_row(const struct tdm_costs *costs, int situation, int processor,
                                   const int opp[TDM_CLOCKS])
{
    const size_t kind = (size_t)situation * costs->processor_count + (size_t)processor;
    return (kind * costs->cpu_count + (size_t)opp[0]) * costs->gpu_count + (size_t)opp[1];
}

static inline const struct tdm_cell *tdm_costs_at(struct tdm_costs *costs, int situation,
                                                  int processor, const int opp[TDM_CLOCKS])
{
    const unsigned char *row = costs->rows[tdm_costs_row(costs, situation, processor, opp)];
    if (row) {
        const void *place = row + (size_t)opp[2] * costs->cell_size;
        const struct tdm_cell *cell = place;
        if (cell->parts)
            return cell;
    }
    return tdm_costs_fill(costs, situation, processor, opp);
}

/** Index of the part whose share stays when `xi` is sent; -1: none does (xi = 1). */
int tdm_costs_part(const struct tdm_costs *costs, double xi);

/** tdm_dnn_accuracy; remembers the last answers: by bits, of all, a share and nothing sent. */
static inline double tdm_costs_accuracy(struct tdm_costs *costs, double xi, int bits)
{
    const unsigned kind = (((unsigned)bits / 8) & 3) * 3 + (xi > 0) + (xi >= 1);
    struct tdm_known_accuracy *known = &costs->accuracy[kind];
    if (known->xi != xi || known->bits != bits)
        *known = (struct tdm_known_accuracy){xi, tdm_dnn_accuracy(costs->dnn, xi, bits), bits};
    return known->value;
}

/** Layers that lie before a point. */
static inline size_t tdm_point_layers(const struct tdm_dnn *dnn, int point)
{
    return point == 0                        ? 0
           : (size_t)point <= dnn->cut_count ? dnn->cuts[point - 1].layers
                                             : dnn->layer_count;
}

/** Bytes that cross a point in fp32; at the input, as the stream sends it. */
double tdm_point_bytes(const struct tdm_dnn *dnn, int point, int input);

#endif
