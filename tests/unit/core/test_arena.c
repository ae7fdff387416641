// SPDX-License-Identifier: GPL-3.0-or-later
/** Arenas: limits, alignment, zeroed memory, arrays that grow. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "core/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(10 * 1024 * 1024);
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        unsigned char *memory = tdm_arena_alloc(arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xab, size); // what comes next is still zero
    }
    tdm_arena_free(arena);
}

static void nothing_overlaps(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct tdm_arena *arena = tdm_arena_new(64 * 1024 * 1024);
    static unsigned char *memory[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        memory[i] = tdm_arena_alloc(arena, i % 97 + 1);
        memset(memory[i], (int)(i % 251), i % 97 + 1);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < i % 97 + 1; k++)
            assert_int_equal(memory[i][k], i % 251);
    tdm_arena_free(arena);
}

static void the_limit_holds(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(1000);
    size_t taken = 0;
    while (tdm_arena_alloc(arena, 16))
        taken += 16;
    assert_true(taken <= 1000);
    assert_true(taken > 1000 - 2 * 16);
    assert_null(tdm_arena_alloc(arena, 16));
    assert_null(tdm_arena_strdup(arena, "a text that no longer fits"));
    tdm_arena_free(arena);

    arena = tdm_arena_new(0);
    assert_null(tdm_arena_alloc(arena, 1));
    tdm_arena_free(arena);
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(SIZE_MAX);
    assert_null(tdm_arena_alloc(arena, SIZE_MAX));
    assert_null(tdm_arena_alloc(arena, SIZE_MAX - 1));
    assert_null(tdm_arena_alloc(arena, SIZE_MAX - 15));
    void *items = NULL;
    size_t count = 0;
    assert_null(tdm_arena_push(arena, &items, &count, SIZE_MAX / 2));
    assert_int_equal(count, 0);
    tdm_arena_free(arena);
}

static void arrays_grow_and_keep_their_items(void **state)
{
    (void)state;
    struct item {
        size_t value;
        char rest[24];
    };
    struct tdm_arena *arena = tdm_arena_new(16 * 1024 * 1024);
    struct item *items = NULL;
    size_t count = 0;
    for (size_t i = 0; i < 10000; i++) {
        struct item *item = tdm_arena_push(arena, (void **)&items, &count, sizeof *item);
        assert_non_null(item);
        assert_int_equal(count, i + 1);
        assert_ptr_equal(item, &items[i]);
        assert_int_equal(item->value, 0);
        item->value = i;
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(items[i].value, i);
    tdm_arena_free(arena);
}

static void a_full_arena_leaves_the_array_as_it_was(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(4096);
    uint64_t *items = NULL, *item;
    size_t count = 0, before;
    do {
        before = count;
        item = tdm_arena_push(arena, (void **)&items, &count, sizeof *item);
        if (item)
            *item = before;
    } while (item);
    assert_int_equal(count, before);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(items[i], i);
    tdm_arena_free(arena);
}

static void texts_are_copied(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(4096);
    char text[] = "nvhost_podgov";
    char *whole = tdm_arena_strdup(arena, text);
    char *part = tdm_arena_strndup(arena, text, 6);
    text[0] = 'X';
    assert_string_equal(whole, "nvhost_podgov");
    assert_string_equal(part, "nvhost");
    assert_string_equal(tdm_arena_strdup(arena, ""), "");
    tdm_arena_free(arena);
    tdm_arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(nothing_overlaps),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(arrays_grow_and_keep_their_items),
        cmocka_unit_test(a_full_arena_leaves_the_array_as_it_was),
        cmocka_unit_test(texts_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
