// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What work takes and draws on a virtual board: a family, so that what is calibrated and validated
 * on it need not be checked against the form that it was made with. One file and one line in
 * physics.c add a member.
 */
#ifndef VB_PHYSICS_H
#define VB_PHYSICS_H

#include <stdint.h>

#include "model/board.h"
#include "model/power.h"

/** Work as a line of `.tandem/work` names it (hil/board/vwork.h). */
struct vb_request {
    bool cpu_only;                         /**< kind=cpu */
    char dnn[64], mode[32], precision[32]; /**< kind=dnn */
    char processor[32];
    int batch;
    double share;
    double cpu_time; /**< s of one core at the top CPU clock */
};

/** Reads a line. -1 with `error`'s message. */
int vb_request_parse(const char *line, struct vb_request *request, struct tdm_error *error);

/** What holds for a moment. */
struct vb_setting {
    struct tdm_opps opps;
    double cores;    /**< share of the cores that is online */
    double cpu_busy; /**< share of all cores that plain CPU work keeps busy */
    double leakage;  /**< factor against the reference temperature */
    double now;      /**< s since the board started */
};

/** Of a whole dnn. */
struct vb_effect {
    double time;       /**< s */
    double uc, ug, um; /**< utilisations meanwhile */
    struct tdm_watts watts;
};

struct vb_task; /**< what a physics has made of a request; its own, kept until it is freed */

struct vb_physics {
    const struct vb_physics_type *type;
    const struct tdm_board *board;
    const struct tdm_thermal *thermal; /**< may be the physics' own */
};

struct vb_physics_type {
    const char *name;
    const char *summary;
    /** `argument` is what follows "NAME:", NULL if nothing does. NULL with `error`. */
    struct vb_physics *(*open)(const struct tdm_board *board, const char *argument, uint64_t seed,
                               struct tdm_error *error);
    void (*free)(struct vb_physics *physics);
    /** The task of a dnn request, the same for the same request. NULL with `error`. */
    const struct vb_task *(*task)(struct vb_physics *physics, const struct vb_request *request,
                                  struct tdm_error *error);
    void (*run)(struct vb_physics *physics, const struct vb_task *task,
                const struct vb_setting *setting, struct vb_effect *effect);
    void (*idle)(struct vb_physics *physics, const struct vb_setting *setting,
                 struct tdm_watts *watts);
    /** When what `run` says next changes by itself; NULL: never. */
    double (*until)(struct vb_physics *physics, double now);
};

extern const struct vb_physics_type vb_physics_model, vb_physics_other, vb_physics_grid;
extern const struct vb_physics_type *const vb_physics_types[]; /**< NULL-terminated */

/** Opens "NAME" or "NAME:ARGUMENT". */
struct vb_physics *vb_physics_open(const char *name, const struct tdm_board *board, uint64_t seed,
                                   struct tdm_error *error);

// ---- what the members share
// ----------------------------------------------------------------------

/**
 * The fit of a request on the board's own model: the measured one, else the default scaled to the
 * dnn's file; on a processor other than the gpu by its coefficients. -1 with `error`.
 */
int vb_model_fit(const struct tdm_board *board, const struct vb_request *request,
                 struct tdm_fit *fit, struct tdm_error *error);
/** What a fit takes and draws by the model's forms. */
void vb_model_run(const struct tdm_board *board, const struct tdm_fit *fit, bool on_cpu,
                  const struct vb_setting *setting, struct vb_effect *effect);
/** What a board draws at rest by the model's forms. */
void vb_model_idle(const struct tdm_board *board, const struct tdm_power *power,
                   const struct vb_setting *setting, struct tdm_watts *watts);

#endif
