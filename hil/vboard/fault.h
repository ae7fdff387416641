// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What goes wrong on request. A fault is a line:
 *
 *     hang path=GLOB                 reads and writes of these files wait until it is over
 *     fail path=GLOB errno=EIO       writes fail (on=read, on=both: reads, both)
 *     override path=GLOB value=TEXT after=0.05    another daemon writes TEXT that long after a
 * write vanish path=GLOB               the files, or a folder and all in it, are gone slow
 * path=GLOB delay=0.2       reads and writes take that much longer throttle level=1 the caps of the
 * first trips hold, however cool it is
 *
 * and for all of them start=SECONDS (from now), for=SECONDS, p=PROBABILITY (of each access), which
 * default to 0, for ever and 1. GLOB as the shell's, "/sys/…" from the root of the board; it means
 * what lies below a folder, too.
 */
#ifndef VB_FAULT_H
#define VB_FAULT_H

#include "core/error.h"
#include "core/random.h"

enum { VB_FAULTS = 32 };

enum vb_fault_kind {
    VB_HANG,
    VB_FAIL,
    VB_OVERRIDE,
    VB_VANISH,
    VB_SLOW,
    VB_THROTTLE,
    VB_FAULT_KINDS
};

struct vb_fault {
    enum vb_fault_kind kind;
    char path[256], value[64];
    int code;               /**< errno of `fail` */
    bool on_read, on_write; /**< of `fail` */
    double start, end;      /**< s of the machine */
    double probability;
    double delay; /**< s: of `slow`, and after which `override` strikes */
    int level;    /**< of `throttle` */
};

/** An override that is due. */
struct vb_due {
    double at; /**< s */
    char path[256], value[64];
};

struct vb_faults {
    struct vb_fault list[VB_FAULTS];
    int count;
    struct vb_due due[VB_FAULTS];
    int due_count;
    struct tdm_random random;
};

/** Adds what a line says, counted from `now`; "clear" removes all. -1 with `error`'s message. */
int vb_fault_add(struct vb_faults *faults, const char *line, double now, struct tdm_error *error);
/** The first fault of a kind that strikes this path now; NULL: none. */
const struct vb_fault *vb_fault_at(struct vb_faults *faults, enum vb_fault_kind kind,
                                   const char *path, double now);
/** Writes a line for each fault. Returns the length. */
int vb_fault_print(const struct vb_faults *faults, double now, char *text, size_t size);
/** How many trips a `throttle` engages at `now`. */
int vb_fault_throttle(const struct vb_faults *faults, double now);
/** When the next fault begins or ends, or an override is due; s. */
double vb_fault_next(const struct vb_faults *faults, double now);

#endif
