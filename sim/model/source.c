// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/source.h"

#include <string.h>

#include "core/error.h"
#include "core/text.h"

const char *const tdm_source_kinds[] = {"measured", "fitted", "published", "assumed", NULL};

#define AT(field) offsetof(struct tdm_source, field)
const struct tdm_attribute tdm_source_attributes[TDM_SOURCE_ATTRIBUTES] = {
    {"id", TDM_NAME, AT(id), "what elements call it", .required = true},
    {"kind", TDM_CHOICE, AT(kind), "how far to trust it", .required = true,
     .choices = tdm_source_kinds},
    {"what", TDM_TEXT, AT(what), "data set, paper or document; of an assumption, the reason",
     .required = true},
    {"error", TDM_TEXT, AT(error), "of a fit: how far it is off"},
    {"date", TDM_TEXT, AT(date), "of a fit: when it was made"},
};
#undef AT

const struct tdm_source *tdm_source_find(const struct tdm_source *sources, size_t count,
                                         const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(sources[i].id, id) == 0)
            return &sources[i];
    return NULL;
}

int tdm_source_check(const struct tdm_source *sources, size_t count, const char *id,
                     const char *file, struct tdm_place place, struct tdm_error *error)
{
    if (!id || tdm_source_find(sources, count, id))
        return 0;
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, id);
    for (size_t i = 0; i < count; i++)
        tdm_nearest_try(&nearest, sources[i].id);
    return tdm_fail_at(error, file, place.line, place.column, "no <source> has the id '%.64s'%s",
                       id, tdm_nearest_hint(&nearest));
}
