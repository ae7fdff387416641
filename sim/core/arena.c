// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

struct tdm_arena {
    struct block *blocks;
    size_t limit, taken;
};

// Blocks double, so that an arena with little in it is small.
enum { LEAST_BLOCK = 1152, MOST_BLOCK = 64 * 1024 };

struct tdm_arena *tdm_arena_new(size_t limit)
{
    struct tdm_arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->limit = limit;
    return arena;
}

void tdm_arena_free(struct tdm_arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void *tdm_arena_alloc(struct tdm_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    if (size > arena->limit - arena->taken)
        return NULL;
    struct block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        size_t room = block ? 2 * block->size : LEAST_BLOCK;
        room = room > MOST_BLOCK ? MOST_BLOCK : room;
        room = size > room ? size : room;
        block = calloc(1, sizeof *block + room);
        if (!block)
            return NULL;
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = block->bytes + block->used;
    block->used += size;
    arena->taken += size;
    return memory;
}

char *tdm_arena_strndup(struct tdm_arena *arena, const char *text, size_t length)
{
    char *copy = tdm_arena_alloc(arena, length + 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *tdm_arena_strdup(struct tdm_arena *arena, const char *text)
{
    return tdm_arena_strndup(arena, text, strlen(text));
}

void *tdm_arena_push(struct tdm_arena *arena, void **items, size_t *count, size_t item_size)
{
    // Full exactly when the count is zero or a power of two from 4 on.
    const size_t n = *count;
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        const size_t room = n ? 2 * n : 4;
        if (room > SIZE_MAX / item_size)
            return NULL;
        void *bigger = tdm_arena_alloc(arena, room * item_size);
        if (!bigger)
            return NULL;
        if (n)
            memcpy(bigger, *items, n * item_size);
        *items = bigger;
    }
    *count = n + 1;
    return (unsigned char *)*items + n * item_size;
}
