// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/vboard/physics.h"

#include <string.h>

#include "core/error.h"
#include "core/text.h"

const struct vb_physics_type *const vb_physics_types[] = {&vb_physics_model, &vb_physics_other,
                                                          &vb_physics_grid, NULL};

struct vb_physics *vb_physics_open(const char *name, const struct tdm_board *board, uint64_t seed,
                                   struct tdm_error *error)
{
    const size_t length = strcspn(name, ":");
    const char *argument = name[length] ? name + length + 1 : NULL;
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (int i = 0; vb_physics_types[i]; i++) {
        const struct vb_physics_type *type = vb_physics_types[i];
        if (strlen(type->name) == length && strncmp(type->name, name, length) == 0)
            return type->open(board, argument, seed, error);
        tdm_nearest_try(&nearest, type->name);
    }
    tdm_fail(error, "there is no physics '%s'%s: model, other, grid:FILE", name,
             tdm_nearest_hint(&nearest));
    return NULL;
}
