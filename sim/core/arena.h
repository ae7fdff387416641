// SPDX-License-Identifier: GPL-3.0-or-later
/** Memory that lives and dies with one document or run: many allocations, one free, a cap. */
#ifndef TDM_CORE_ARENA_H
#define TDM_CORE_ARENA_H

#include <stddef.h>

struct tdm_arena;

/** `limit` is the most bytes it hands out before it answers NULL. NULL if there is no memory. */
struct tdm_arena *tdm_arena_new(size_t limit);
void tdm_arena_free(struct tdm_arena *arena);

/** Zeroed memory, aligned for any type; NULL past the limit. */
void *tdm_arena_alloc(struct tdm_arena *arena, size_t size);
char *tdm_arena_strndup(struct tdm_arena *arena, const char *text, size_t length);
char *tdm_arena_strdup(struct tdm_arena *arena, const char *text);

/**
 * Grows an array of `*count` items by one zeroed item and returns that item, NULL past the limit.
 * Capacity doubles, so the array may move; outgrown copies are freed with the arena.
 */
void *tdm_arena_push(struct tdm_arena *arena, void **items, size_t *count, size_t item_size);

#endif
