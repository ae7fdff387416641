// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/saved.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

void tdm_saved_clear(struct tdm_saved *saved)
{
    free(saved->values);
    *saved = (struct tdm_saved){.count = 0};
}

int tdm_saved_boot_id(const struct tdm_tree *tree, char id[TDM_KNOB_TEXT], struct tdm_error *error)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    const int length = tdm_tree_read(tree, path, id, TDM_KNOB_TEXT);
    if (length > 0 && !strchr(id, ' ') && !strchr(id, '\t'))
        return 0;
    return tdm_fail_at(error, path, 0, 0,
                       "cannot read the boot's id, so nothing could be put back safely after a "
                       "crash");
}

const struct tdm_saved_value *tdm_saved_find(const struct tdm_saved *saved, const char *path)
{
    for (size_t i = 0; i < saved->count; i++)
        if (strcmp(saved->values[i].spot.path, path) == 0)
            return &saved->values[i];
    return NULL;
}

static int add(struct tdm_saved *saved, const char *knob, const struct tdm_spot *spot,
               const char *text, bool later, struct tdm_error *error)
{
    if (saved->count == TDM_SAVED_MOST)
        return tdm_fail(error, "the board has more than %d knobs", TDM_SAVED_MOST);
    if (!saved->values)
        saved->values = calloc(TDM_SAVED_MOST, sizeof *saved->values);
    if (!saved->values)
        return tdm_fail(error, "out of memory");
    struct tdm_saved_value *value = &saved->values[saved->count++];
    snprintf(value->knob, sizeof value->knob, "%s", knob);
    value->spot = *spot;
    snprintf(value->text, sizeof value->text, "%s", text);
    value->later = later;
    return 0;
}

// `cpu-set` says "<unsupported>" unless the governor is userspace: nothing to put back. Whatever
// else tdm_hw_put would not write, or the file would not take on reading, is no value, either.
static bool is_value(const char *text)
{
    return tdm_text_is_name(text) && text[0] != '-';
}

static int take_knob(struct tdm_saved *saved, const struct tdm_hw *hw, const char *knob, bool later,
                     struct tdm_error *error)
{
    struct tdm_spot spots[TDM_SPOTS];
    char text[TDM_KNOB_TEXT];
    const size_t count = tdm_hw_spots(hw, knob, spots);
    int added = 0;
    for (size_t i = 0; i < count; i++) {
        if (tdm_saved_find(saved, spots[i].path) || strpbrk(spots[i].path, " \t\n\v\f\r") ||
            tdm_hw_text(hw, &spots[i], text, sizeof text) < 0 || !is_value(text))
            continue;
        if (add(saved, knob, &spots[i], text, later, error))
            return -1;
        added++;
    }
    return added;
}

int tdm_saved_take(struct tdm_saved *saved, const struct tdm_hw *hw, bool fan,
                   struct tdm_error *error)
{
    const bool first = !saved->boot_id[0];
    int total = 0;
    if (first) {
        if (tdm_saved_boot_id(tdm_hw_tree(hw), saved->boot_id, error))
            return -1;
        snprintf(saved->board, sizeof saved->board, "%s", tdm_hw_board(hw)->path);
        snprintf(saved->jetpack, sizeof saved->jetpack, "%s", tdm_hw_jetpack(hw));
    }
    for (const char *const *knob = tdm_hw_knobs; *knob; knob++) {
        if (!tdm_hw_writable(hw, *knob) || (!fan && strcmp(*knob, "fan") == 0))
            continue;
        const bool later = !first && strncmp(*knob, "cpu-", 4) == 0;
        const int added = take_knob(saved, hw, *knob, later, error);
        if (added < 0)
            return -1;
        total += added;
    }
    return total;
}

int tdm_saved_bind(struct tdm_saved *saved, const struct tdm_hw *hw, struct tdm_error *error)
{
    for (size_t i = 0; i < saved->count; i++) {
        struct tdm_spot spot;
        struct tdm_saved_value *value = &saved->values[i];
        if (tdm_hw_spot(hw, value->knob, value->spot.path, &spot, error))
            return -1;
        value->spot = spot;
    }
    return 0;
}
