// SPDX-License-Identifier: GPL-3.0-or-later
// Which board and which JetPack, and how sure: all variants, and machines that are none.
#include "hil/board/probe.h"

#include "plain_board.h"

static void expect(const char *board, const char *jetpack)
{
    struct tdm_hw *hw = plain_open(board, jetpack);
    const struct tdm_probe *probe = tdm_hw_probe(hw);
    assert_string_equal(probe->board, board);
    assert_string_equal(probe->jetpack, jetpack);
    assert_int_equal(probe->board_sure, TDM_SURE);
    assert_int_equal(probe->jetpack_sure, TDM_SURE);
    tdm_hw_close(hw);
    plain_remove(NULL);
}

static void knows_every_variant(void **state)
{
    (void)state;
    expect("nano", "4");
    expect("tx2", "4");
    expect("xavier-nx", "4");
    expect("xavier-nx", "5");
    expect("agx-xavier", "5");
    expect("agx-orin", "6");
}

static void look(struct tdm_probe *probe)
{
    struct tdm_error error = {0};
    struct tdm_tree *tree = tdm_tree_open(plain_root, &error);
    assert_non_null(tree);
    tdm_probe_look(tree, probe);
    tdm_tree_close(tree);
}

static void guesses_with_less(void **state)
{
    struct tdm_probe probe;
    (void)state;
    plain_lay("xavier-nx", "5");
    unlink(plain_path("/etc/nv_tegra_release"));
    plain_write("/proc/sys/kernel/osrelease", "5.10.104-tegra\n");
    plain_write("/proc/device-tree/compatible", "nvidia,tegra194");
    look(&probe);
    assert_string_equal(probe.board, "xavier-nx"); // by its model's text
    assert_int_equal(probe.board_sure, TDM_LIKELY);
    assert_string_equal(probe.jetpack, "5");
    assert_int_equal(probe.jetpack_sure, TDM_LIKELY);
}

static void does_not_guess_without_reason(void **state)
{
    struct tdm_probe probe;
    (void)state;
    plain_lay("nano", "4");
    plain_write("/proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit");
    plain_write("/proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0003\n");
    plain_write("/etc/nv_tegra_release", "# R99 (release), REVISION: 1.0\n");
    look(&probe);
    assert_string_equal(probe.board, "");
    assert_string_equal(probe.jetpack, "");
    assert_string_equal(probe.release, "L4T R99 1.0");
    plain_write("/etc/nv_tegra_release", "\x7f\x45LF");
    plain_write("/proc/device-tree/model", "\x01\x02");
    look(&probe);
    assert_string_equal(probe.model, "??");
    assert_int_equal(probe.jetpack_sure, TDM_UNKNOWN);
}

static void refuse(const char *board, const char *jetpack, const char *part)
{
    struct tdm_error error = {0};
    assert_null(tdm_hw_open(plain_root, board, jetpack, &error));
    if (!strstr(error.message, part))
        fail_msg("'%s' does not say '%s'", error.message, part);
}

static void says_what_would_be_right(void **state)
{
    struct tdm_error error = {0};
    (void)state;
    plain_lay("nano", "4");
    plain_write("/proc/device-tree/compatible", "acme,board");
    plain_write("/proc/device-tree/model", "ACME");
    refuse(NULL, NULL, "'ACME'; --board names one");
    refuse("nanoo", NULL, "did you mean 'nano'?");
    refuse("nano", "5", "it has 4");
    unlink(plain_path("/etc/nv_tegra_release"));
    refuse("nano", NULL, "--jetpack names one");
    struct tdm_hw *hw = tdm_hw_open(plain_root, "nano", "4", &error);
    assert_non_null(hw);
    assert_int_equal(tdm_hw_probe(hw)->board_sure, TDM_GIVEN);
    tdm_hw_close(hw);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, plain_remove)
    const struct CMUnitTest tests[] = {
        TEST(knows_every_variant),
        TEST(guesses_with_less),
        TEST(does_not_guess_without_reason),
        TEST(says_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
