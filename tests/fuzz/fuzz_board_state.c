// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as the state of a board that somebody has left behind. What is refused says in which
 * line; what is read can be put back without leaving the allow-list, whatever it says.
 */
#include <assert.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text.h"
#include "hil/board/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tdm_hw *hw;

static void close_board(void)
{
    tdm_hw_close(hw);
}

// A board without a single file; only its allow-list counts here.
static void open_board(void)
{
    char folder[] = "/tmp/tandem-fuzz-XXXXXX";
    struct tdm_error error;
    if (hw)
        return;
    if (mkdtemp(folder)) {
        hw = tdm_hw_open(folder, "xavier-nx", "5", &error);
        rmdir(folder);
    }
    assert(hw);
    atexit(close_board);
}

static void check_values(const struct tdm_saved *saved)
{
    assert(saved->count <= TDM_SAVED_MOST);
    assert(saved->boot_id[0] && saved->board[0] && saved->jetpack[0]);
    for (size_t i = 0; i < saved->count; i++) {
        const struct tdm_saved_value *value = &saved->values[i];
        assert(value->spot.path[0] == '/' && !strpbrk(value->spot.path, " \n"));
        assert(tdm_text_is_name(value->text));
        assert(tdm_saved_find(saved, value->spot.path) == value);
    }
}

static void check_bound(const struct tdm_saved *saved)
{
    for (size_t i = 0; i < saved->count; i++) {
        const struct tdm_saved_value *value = &saved->values[i];
        assert(tdm_hw_writable(hw, value->knob));
        assert(strcmp(value->knob, value->spot.row->knob) == 0);
        assert(fnmatch(value->spot.row->path, value->spot.path, FNM_PATHNAME | FNM_PERIOD) == 0);
        assert(tdm_hw_put(hw, &value->spot, value->text) < 0); // there is no such file
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tdm_saved saved = {.count = 0};
    struct tdm_error error = {0};
    char *text = malloc(size + 1);
    assert(text);
    memcpy(text, data, size);
    open_board();
    if (tdm_saved_parse(&saved, text, size, "state", &error)) {
        assert(error.message[0] && strcmp(error.file, "state") == 0);
        assert(!saved.values && saved.count == 0);
    } else {
        check_values(&saved);
        if (tdm_saved_bind(&saved, hw, &error) == 0)
            check_bound(&saved);
        else
            assert(error.message[0]);
    }
    tdm_saved_clear(&saved);
    free(text);
    return 0;
}
