// SPDX-License-Identifier: GPL-3.0-or-later
/** Notes on rows, of which a long table may give very many: the first few of a kind are told. */
#ifndef TDM_MODEL_MEASUREMENTS_NOTES_H
#define TDM_MODEL_MEASUREMENTS_NOTES_H

#include "tandem.h"

/** Hears about every row that is left out or changed. */
struct tdm_notes {
    void (*note)(void *context, const struct tdm_error *what);
    void *context;
};

enum { TDM_TELLER_MOST = 20, TDM_TELLER_KINDS = 32 };

/** Notes are of a kind where they differ in numbers and in what stands in quotes alone. */
struct tdm_teller {
    const struct tdm_notes *notes; /**< may be NULL */
    struct tdm_teller_kind {
        uint64_t kind;
        size_t count;
        struct tdm_error last; /**< of those that were not told */
    } kinds[TDM_TELLER_KINDS];
    int count; /**< of kinds; what comes after them counts as the last kind */
};

void tdm_teller_start(struct tdm_teller *teller, const struct tdm_notes *notes);

/** Tells the first TDM_TELLER_MOST of each kind and counts the others. */
void tdm_teller_say(struct tdm_teller *teller, const struct tdm_error *what);

/** Says how many of each kind were not told. */
void tdm_teller_end(struct tdm_teller *teller);

#endif
