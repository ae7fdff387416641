// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "hil/inference/labelled.h"
#include "model/library.h"

enum { MOST = 16, NAME = 64 };

struct tdm_networks {
    struct tdm_session_options session;
    struct tdm_runtime *runtime; // NULL: not loaded yet
    struct {
        char name[NAME];
        struct tdm_split *split;
    } open[MOST];
    int open_count;
    struct tdm_labelled labelled;
    uint8_t *noise;
    size_t noise_bytes;
};

struct tdm_networks *tdm_networks_new(const struct tdm_networks_options *options,
                                      struct tdm_error *error)
{
    struct tdm_networks *networks = calloc(1, sizeof *networks);
    if (!networks) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    networks->session =
        (struct tdm_session_options){.provider = options->provider, .threads = options->threads};
    if (!options->pictures ||
        tdm_labelled_read(&networks->labelled, options->pictures, options->part, error) == 0)
        return networks;
    tdm_networks_free(networks);
    return NULL;
}

void tdm_networks_free(struct tdm_networks *networks)
{
    if (!networks)
        return;
    for (int i = 0; i < networks->open_count; i++)
        tdm_split_close(networks->open[i].split);
    tdm_runtime_close(networks->runtime);
    tdm_labelled_free(&networks->labelled);
    free(networks->noise);
    free(networks);
}

// Who asks is another machine: a name is one of ours, no path.
static int check_name(const struct tdm_networks *networks, const char *name,
                      struct tdm_error *error)
{
    if (strchr(name, '/') || name[0] == '.' || strlen(name) >= NAME)
        return tdm_fail(error, "'%.64s' is no name of a network", name);
    if (networks->open_count == MOST)
        return tdm_fail(error, "%d networks are open, and no more can be", MOST);
    return 0;
}

struct tdm_split *tdm_networks_split(struct tdm_networks *networks, const char *name,
                                     struct tdm_error *error)
{
    char folder[256];
    for (int i = 0; i < networks->open_count; i++)
        if (strcmp(networks->open[i].name, name) == 0)
            return networks->open[i].split;
    if (check_name(networks, name, error) || tdm_library_stages(name, folder, sizeof folder, error))
        return NULL;
    if (!networks->runtime)
        networks->runtime = tdm_runtime_open(NULL, error);
    struct tdm_split *split =
        networks->runtime ? tdm_split_open(networks->runtime, folder, &networks->session, error)
                          : NULL;
    if (!split)
        return NULL;
    snprintf(networks->open[networks->open_count].name, NAME, "%s", name);
    networks->open[networks->open_count++].split = split;
    return split;
}

// Noise that depends on the number alone.
static void fill(uint8_t *bytes, size_t count, uint64_t number)
{
    struct tdm_random random;
    tdm_random_seed(&random, number, "picture", 0);
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(tdm_random_next(&random) >> 56);
}

const uint8_t *tdm_networks_picture(struct tdm_networks *networks, const struct tdm_split *split,
                                    uint64_t number, int *label, struct tdm_error *error)
{
    const struct tdm_labelled *labelled = &networks->labelled;
    const size_t bytes = tdm_split_image_bytes(split);
    *label = -1;
    if (labelled->count && labelled->bytes != bytes) {
        tdm_fail(error, "its pictures have %zu bytes, the network takes %zu", labelled->bytes,
                 bytes);
        return NULL;
    }
    if (labelled->count) {
        const size_t index = number % labelled->count;
        *label = labelled->labels[index];
        return labelled->images + index * bytes;
    }
    if (networks->noise_bytes < bytes) {
        uint8_t *noise = realloc(networks->noise, bytes);
        if (!noise) {
            tdm_fail(error, "out of memory");
            return NULL;
        }
        networks->noise = noise;
        networks->noise_bytes = bytes;
    }
    fill(networks->noise, bytes, number);
    return networks->noise;
}
