// SPDX-License-Identifier: GPL-3.0-or-later
/** FNV-1a against the published test vectors (draft-eastlake-fnv, 64 bits). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/hash.h"

static void published(void **state)
{
    (void)state;
    assert_true(tdm_hash_bytes(TDM_HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(tdm_hash_bytes(TDM_HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(tdm_hash_bytes(TDM_HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    // With its '\0'.
    assert_true(tdm_hash_text(TDM_HASH_START, "foobar") == UINT64_C(0x34531ca7168b8f38));
}

static void texts_do_not_run_together(void **state)
{
    (void)state;
    const uint64_t ab_c = tdm_hash_text(tdm_hash_text(TDM_HASH_START, "ab"), "c");
    const uint64_t a_bc = tdm_hash_text(tdm_hash_text(TDM_HASH_START, "a"), "bc");
    assert_true(ab_c != a_bc);
    assert_true(tdm_hash_text(TDM_HASH_START, NULL) == tdm_hash_text(TDM_HASH_START, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published),
                                       cmocka_unit_test(texts_do_not_run_together)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
