// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as a file: each loader reads it, follows what it refers to and checks what the tables
 * of fuzz_description.c cannot say. A refusal must say why in one line; what is accepted as a board
 * must be accepted again once it is written.
 */
#define _GNU_SOURCE // memfd_create
#include "model/board.h"
#include "model/dnn.h"
#include "model/radio.h"
#include "model/scenario.h"
#include "model/server.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A file in memory; its path is written to `path`. */
static int memory_file(const void *data, size_t size, char path[32])
{
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    snprintf(path, 32, "/proc/self/fd/%d", file);
    return file;
}

static void refused(const struct tdm_error *error)
{
    if (!error->message[0] || strchr(error->message, '\n')) {
        fprintf(stderr, "not one line: '%s'\n", error->message);
        abort();
    }
}

static void again(const struct tdm_board *board)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        abort();
    tdm_board_write(board, stream);
    fclose(stream);
    char path[32];
    const int file = memory_file(text, size, path);
    struct tdm_error error = {0};
    struct tdm_board *read = tdm_board_load(path, &error);
    if (!read) {
        fprintf(stderr, "written, and then: %s\n%s\n", error.message, text);
        abort();
    }
    tdm_board_free(read);
    free(text);
    close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    const int file = memory_file(data, size, path);
    struct tdm_error error = {0};
    struct tdm_board *board = tdm_board_load(path, &error);
    if (board) {
        again(board);
        tdm_board_free(board);
    } else {
        refused(&error);
    }
    struct tdm_dnn *dnn = tdm_dnn_load(path, &error);
    if (!dnn)
        refused(&error);
    tdm_dnn_free(dnn);
    struct tdm_radio *radio = tdm_radio_load(path, &error);
    if (!radio)
        refused(&error);
    tdm_radio_free(radio);
    struct tdm_server *server = tdm_server_load(path, &error);
    if (!server)
        refused(&error);
    tdm_server_free(server);
    struct tdm_scenario *scenario = tdm_scenario_load(path, &error);
    if (!scenario)
        refused(&error);
    tdm_scenario_free(scenario);
    close(file);
    return 0;
}
