// SPDX-License-Identifier: GPL-3.0-or-later
// What a holder who died has left.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hil/board/hold_parts.h"

static const double owner_patience = 5; // s that a guardian may need to put a board back

char *tdm_hold_state(const char *root)
{
    static const char below[] = "/run/tandem/state";
    size_t length = strlen(root);
    while (length && root[length - 1] == '/')
        length--;
    char *path = malloc(length + sizeof below);
    if (path)
        snprintf(path, length + sizeof below, "%.*s%s", (int)length, root, below);
    return path;
}

// The state's own board, where the caller has none.
static struct tdm_hw *open_board(const char *root, const struct tdm_saved *saved,
                                 struct tdm_error *error)
{
    return tdm_hw_open(root, saved->board, saved->jetpack, error);
}

static int put_back(struct tdm_hw *hw, struct tdm_saved *saved, const char *state,
                    const struct tdm_saying *saying, struct tdm_error *error)
{
    if (strcmp(saved->jetpack, tdm_hw_jetpack(hw)) != 0)
        return tdm_fail_at(error, state, 0, 0,
                           "the state was saved on JetPack %s; put it back with --jetpack %s",
                           saved->jetpack, saved->jetpack);
    if (tdm_saved_bind(saved, hw, error))
        return -1;
    const int wrong = tdm_restore(hw, saved, saying);
    if (wrong == 0 && unlink(state) && errno != ENOENT)
        return tdm_fail_errno(error, state, "all is as it was, but the state cannot be removed");
    tdm_say(saying, "%zu knobs are as they were", saved->count - (size_t)wrong);
    return wrong;
}

// 1: of this boot; 0: of another one, and gone now; -1 with `error`.
static int of_this_boot(const struct tdm_tree *tree, const struct tdm_saved *saved,
                        const char *state, const struct tdm_saying *saying, struct tdm_error *error)
{
    char id[TDM_KNOB_TEXT];
    if (tdm_saved_boot_id(tree, id, error))
        return -1;
    if (strcmp(id, saved->boot_id) == 0)
        return 1;
    tdm_say(saying, "%s is of another boot, which has put everything back itself: thrown away",
            state);
    return unlink(state) && errno != ENOENT ? tdm_fail_errno(error, state, "cannot remove it") : 0;
}

int tdm_recover_locked(const char *root, struct tdm_hw *hw, const char *state,
                       const struct tdm_saying *saying, struct tdm_error *error)
{
    struct tdm_saved saved = {.count = 0};
    if (access(state, F_OK) && errno == ENOENT)
        return 0;
    if (tdm_saved_read(&saved, state, error))
        return -1;
    struct tdm_tree *tree = tdm_tree_open(root, error);
    int result = tree ? of_this_boot(tree, &saved, state, saying, error) : -1;
    if (result > 0) {
        struct tdm_hw *board = hw ? hw : open_board(root, &saved, error);
        result = board ? put_back(board, &saved, state, saying, error) : -1;
        if (!hw)
            tdm_hw_close(board);
    }
    tdm_tree_close(tree);
    tdm_saved_clear(&saved);
    return result;
}

int tdm_hold_recover(const char *root, struct tdm_hw *hw, const char *state,
                     const struct tdm_saying *saying, struct tdm_error *error)
{
    char *own = state ? NULL : tdm_hold_state(root);
    const char *file = state ? state : own;
    if (!file)
        return tdm_fail(error, "out of memory");
    int result = 0;
    if (access(file, F_OK) == 0 || errno != ENOENT) {
        const int lock = tdm_lease_lock_open(file, error);
        if (lock < 0)
            result = -1;
        else if (!tdm_lease_lock(lock, TDM_LOCK_OWNER, owner_patience) ||
                 !tdm_lease_lock(lock, TDM_LOCK_WRITING, owner_patience))
            result = tdm_fail_at(error, file, 0, 0, "somebody holds the board");
        else
            result = tdm_recover_locked(root, hw, file, saying, error);
        if (lock >= 0)
            close(lock);
    }
    free(own);
    return result;
}
