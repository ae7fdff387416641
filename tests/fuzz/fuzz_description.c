// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as a description: boards, servers, radios, dnns, scenarios, grids. What is read must be
 * written and read again to the same text; what is refused must say where and why.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/schema.h"
#include "model/board.h"
#include "model/dnn.h"
#include "model/grid.h"
#include "model/radio.h"
#include "model/scenario.h"
#include "model/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tdm_element *const roots[] = {&tdm_board_schema,    &tdm_server_schema,
                                                  &tdm_radio_schema,    &tdm_dnn_schema,
                                                  &tdm_scenario_schema, &tdm_grid_schema};
enum { MOST_MEMORY = 16 * 1024 * 1024 };

// The kind whose root is named first; boards where none is.
static const struct tdm_element *root_of(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < TDM_COUNT(roots) && data[i] == '<'; k++) {
            const size_t length = strlen(roots[k]->name);
            if (size - i > length && memcmp(data + i + 1, roots[k]->name, length) == 0)
                return roots[k];
        }
    return roots[0];
}

static void check_error(const struct tdm_error *error)
{
    char line[1024];
    assert(error->message[0]);
    assert(error->line >= 0 && error->column >= 0);
    assert(tdm_error_format(error, line, sizeof line) > 0);
}

static char *write_document(const struct tdm_element *root, const void *object, size_t *size)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, size);
    tdm_schema_write(root, object, stream);
    fclose(stream);
    return text;
}

static void *read_document(const struct tdm_element *root, const void *bytes, size_t size,
                           struct tdm_arena *arena)
{
    // Reading does not change the bytes, whatever fmemopen's prototype says.
    FILE *stream = size ? fmemopen((void *)(uintptr_t)bytes, size, "rb") : tmpfile();
    assert(stream);
    struct tdm_error error = {0};
    void *object = tdm_schema_read(root, stream, "fuzz", arena, &error);
    fclose(stream);
    if (!object)
        check_error(&error);
    return object;
}

static void write_and_read_again(const struct tdm_element *root, const uint8_t *data, size_t size)
{
    struct tdm_arena *arena = tdm_arena_new(MOST_MEMORY);
    const void *object = read_document(root, data, size, arena);
    if (object) {
        size_t first_size = 0, second_size = 0;
        char *first = write_document(root, object, &first_size);
        struct tdm_arena *again = tdm_arena_new(2 * MOST_MEMORY);
        const void *copy = read_document(root, first, first_size, again);
        if (!copy)
            fprintf(stderr, "cannot be read back:\n%s", first);
        assert(copy);
        char *second = write_document(root, copy, &second_size);
        assert(first_size == second_size && memcmp(first, second, first_size) == 0);
        free(first);
        free(second);
        tdm_arena_free(again);
    }
    tdm_arena_free(arena);
}

// ---- the checks beyond the tables, and the questions -------------------------------------------

static void ask_board(const struct tdm_board *board)
{
    for (int d = 0; d < TDM_DOMAINS; d++) {
        const struct tdm_domain_info *domain = board->domain[d];
        for (size_t i = 0; i < domain->opp_count; i++) {
            const int opp = tdm_domain_round(domain, domain->opps[i].hz);
            assert(opp >= 0 && (size_t)opp < domain->opp_count);
            assert(tdm_domain_opp(domain, domain->opps[i].hz) >= 0);
        }
    }
    const struct tdm_domain_info *gpu = board->domain[TDM_GPU];
    for (size_t i = 0; i < gpu->opp_count; i++) {
        const int floor = tdm_board_floor(board, gpu->opps[i].hz);
        assert(floor >= 0 && (size_t)floor < board->domain[TDM_EMC]->opp_count);
    }
    for (size_t i = 0; i < board->rail_count; i++)
        assert(tdm_board_rails_gap(board, board->rails[i].name, NULL) >= 0);
}

static void load(const struct tdm_element *root, const char *path)
{
    struct tdm_error error = {0};
    bool loaded = true;
    if (root == &tdm_board_schema) {
        struct tdm_board *board = tdm_board_load(path, &error);
        loaded = board != NULL;
        if (board)
            ask_board(board);
        tdm_board_free(board);
    } else if (root == &tdm_server_schema) {
        struct tdm_server *server = tdm_server_load(path, &error);
        loaded = server != NULL;
        tdm_server_free(server);
    } else if (root == &tdm_radio_schema) {
        struct tdm_radio *radio = tdm_radio_load(path, &error);
        loaded = radio != NULL;
        if (radio)
            assert(tdm_radio_factor(radio, -90) > 0);
        tdm_radio_free(radio);
    } else if (root == &tdm_dnn_schema) {
        struct tdm_dnn *dnn = tdm_dnn_load(path, &error);
        loaded = dnn != NULL;
        if (dnn)
            assert(!(tdm_dnn_accuracy(dnn, 0.3, 8) > 1));
        tdm_dnn_free(dnn);
    }
    if (!loaded)
        check_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tdm_element *root = root_of(data, size);
    write_and_read_again(root, data, size);
    FILE *file = tmpfile();
    assert(file);
    if (fwrite(data, 1, size, file) == size && fflush(file) == 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
        load(root, path);
    }
    fclose(file);
    return 0;
}
