// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/measurements_notes.h"

#include <ctype.h>
#include <string.h>

#include "core/error.h"

static void tell(const struct tdm_notes *notes, const struct tdm_error *what)
{
    if (notes && notes->note)
        notes->note(notes->context, what);
}

/** A hash (FNV-1a) of the file and the message without its numbers and quoted words. */
static uint64_t kind_of(const struct tdm_error *what)
{
    uint64_t hash = 14695981039346656037U;
    for (const char *c = what->file; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211U;
    char before = ' ';
    for (const char *c = what->message; *c; c++) {
        const char *end = *c == '\'' && !isalnum((unsigned char)before) ? strchr(c + 1, '\'') : 0;
        if (end)
            c = end;
        else if (isdigit((unsigned char)*c))
            c += strspn(c, "0123456789.eE+-") - 1;
        else
            hash = (hash ^ (unsigned char)*c) * 1099511628211U;
        before = *c;
    }
    return hash;
}

void tdm_teller_start(struct tdm_teller *teller, const struct tdm_notes *notes)
{
    teller->notes = notes;
    teller->count = 0;
}

void tdm_teller_say(struct tdm_teller *teller, const struct tdm_error *what)
{
    const uint64_t kind = kind_of(what);
    int k = 0;
    while (k < teller->count && teller->kinds[k].kind != kind)
        k++;
    if (k == TDM_TELLER_KINDS)
        k--;
    else if (k == teller->count)
        teller->kinds[teller->count++] = (struct tdm_teller_kind){.kind = kind};
    if (++teller->kinds[k].count <= TDM_TELLER_MOST)
        tell(teller->notes, what);
    else
        teller->kinds[k].last = *what;
}

void tdm_teller_end(struct tdm_teller *teller)
{
    for (int k = 0; k < teller->count; k++) {
        const struct tdm_teller_kind *kind = &teller->kinds[k];
        struct tdm_error what;
        if (kind->count <= TDM_TELLER_MOST)
            continue;
        tdm_fail_at(&what, kind->last.file, kind->last.line, 0, "… and %zu more up to here: %.400s",
                    kind->count - TDM_TELLER_MOST, kind->last.message);
        tell(teller->notes, &what);
    }
    teller->count = 0;
}
