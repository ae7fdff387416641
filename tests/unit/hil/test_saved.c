// SPDX-License-Identifier: GPL-3.0-or-later
// What is saved is what is read again; a file that is not whole, or says more than the allow-list
// has, is refused with its line.
#include "hil/board/saved.h"

#include "plain_board.h"

static const char good[] = "tandem-board-state 1\n"
                           "boot-id 1234\n"
                           "board some where/nano.xml\n"
                           "jetpack 4\n"
                           "value gpu-railgate /sys/devices/57000000.gpu/railgate_enable 1\n"
                           "later cpu-online /sys/devices/system/cpu/cpu2/online 0\n"
                           "end 2\n";

static void parse_good(struct tdm_saved *saved)
{
    struct tdm_error error = {0};
    *saved = (struct tdm_saved){.count = 0};
    assert_int_equal(tdm_saved_parse(saved, good, strlen(good), "state", &error), 0);
}

static void reads_its_own_form(void **state)
{
    struct tdm_saved saved;
    (void)state;
    parse_good(&saved);
    assert_string_equal(saved.boot_id, "1234");
    assert_string_equal(saved.board, "some where/nano.xml");
    assert_string_equal(saved.jetpack, "4");
    assert_int_equal(saved.count, 2);
    assert_false(saved.values[0].later);
    assert_true(saved.values[1].later);
    assert_string_equal(saved.values[1].text, "0");
    tdm_saved_clear(&saved);
}

// However it is cut off, it is not taken for a whole one.
static void no_part_of_it_is_good(void **state)
{
    (void)state;
    for (size_t length = 0; length < strlen(good); length++) {
        struct tdm_saved saved = {.count = 0};
        struct tdm_error error = {0};
        assert_int_equal(tdm_saved_parse(&saved, good, length, "state", &error), -1);
        assert_string_equal(error.file, "state");
        assert_null(saved.values);
    }
}

static void refuse(const char *from, const char *to, long line)
{
    char text[2048];
    struct tdm_saved saved = {.count = 0};
    struct tdm_error error = {0};
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    assert_int_equal(tdm_saved_parse(&saved, text, strlen(text), "state", &error), -1);
    assert_int_equal(error.line, line);
}

static void says_which_line_is_wrong(void **state)
{
    (void)state;
    refuse("state 1", "state 2", 1);
    refuse("boot-id 1234", "boot-id ", 2);
    refuse("jetpack 4", "jetpack 4444", 4);
    refuse("value gpu", "walue gpu", 5);
    refuse("enable 1", "enable 1 2", 5);
    refuse("enable 1", "enable $(reboot)", 5);
    refuse(" /sys/devices/57", " sys/devices/57", 5);
    refuse("cpu-online /sys/devices/system/cpu/cpu2/online 0",
           "gpu-railgate /sys/devices/57000000.gpu/railgate_enable 0", 6);
    refuse("end 2", "end 1", 7);
    refuse("end 2\n", "end 2\nvalue", 8);
}

static void binds_to_the_allow_list_alone(void **state)
{
    struct tdm_saved saved;
    struct tdm_error error = {0};
    (void)state;
    struct tdm_hw *hw = plain_open("nano", "4");
    parse_good(&saved);
    assert_int_equal(tdm_saved_bind(&saved, hw, &error), 0);
    assert_string_equal(saved.values[0].spot.row->knob, "gpu-railgate");
    static const char *const others[][2] = {
        {"gpu-railgate", "/etc/passwd"},
        {"gpu-railgate", "/sys/devices/57000000.gpu/../57000000.gpu/railgate_enable"},
        {"cpu-online", "/sys/devices/system/cpu/cpu2/x/online"},
        {"thermal", "/sys/devices/virtual/thermal/thermal_zone0/temp"}, // a reading
        {"emc-rate", "/sys/kernel/debug/clk/override.emc/clk_rate"},    // shows, is not written
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(saved.values[1].knob, sizeof saved.values[1].knob, "%s", others[i][0]);
        snprintf(saved.values[1].spot.path, TDM_TREE_PATH, "%s", others[i][1]);
        assert_int_equal(tdm_saved_bind(&saved, hw, &error), -1);
    }
    tdm_saved_clear(&saved);
    tdm_hw_close(hw);
}

static void takes_every_knob_and_writes_it_again(void **state)
{
    struct tdm_saved saved = {.count = 0}, again = {.count = 0};
    struct tdm_error error = {0};
    (void)state;
    struct tdm_hw *hw = plain_open("xavier-nx", "5");
    // Three clusters' governor, minimum, maximum; CPUs 1 to 5; the GPU's four; the memory's four.
    assert_int_equal(tdm_saved_take(&saved, hw, false, &error), 3 * 3 + 5 + 4 + 4);
    assert_int_equal(tdm_saved_take(&saved, hw, false, &error), 0);
    assert_int_equal(tdm_saved_take(&saved, hw, true, &error), 1); // the fan
    char file[128];
    snprintf(file, sizeof file, "%s/state", plain_root);
    assert_int_equal(tdm_saved_write(&saved, file, &error), 0);
    assert_int_equal(tdm_saved_read(&again, file, &error), 0);
    assert_int_equal(tdm_saved_bind(&again, hw, &error), 0);
    assert_int_equal(again.count, saved.count);
    assert_string_equal(again.boot_id, "11111111-2222-3333-4444-555555555555");
    for (size_t i = 0; i < saved.count; i++) {
        assert_string_equal(again.values[i].spot.path, saved.values[i].spot.path);
        assert_string_equal(again.values[i].text, plain_read(saved.values[i].spot.path));
        assert_false(again.values[i].later);
    }
    tdm_saved_clear(&saved);
    tdm_saved_clear(&again);
    tdm_hw_close(hw);
}

static void a_knob_that_cannot_be_read_is_not_saved(void **state)
{
    struct tdm_saved saved = {.count = 0};
    struct tdm_error error = {0};
    static const char path[] = "/sys/devices/17000000.gv11b/railgate_enable";
    (void)state;
    struct tdm_hw *hw = plain_open("xavier-nx", "5");
    plain_write(path, "two words\n");
    assert_int_equal(tdm_saved_take(&saved, hw, false, &error), 3 * 3 + 5 + 4 + 4 - 1);
    assert_null(tdm_saved_find(&saved, path));
    tdm_saved_clear(&saved);
    plain_write("/proc/sys/kernel/random/boot_id", "");
    assert_int_equal(tdm_saved_take(&saved, hw, false, &error), -1);
    tdm_hw_close(hw);
}

// What the state's file would not take on reading, or nobody could write back, would cost all the
// other knobs, too: the file would be refused as a whole after a crash.
static void what_could_not_be_put_back_is_not_saved(void **state)
{
    static const char *const odd[] = {"odd;name\n", "a,b\n", "-1\n", "<unsupported>\n", "\n"};
    static const char path[] = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b/governor";
    char file[128];
    (void)state;
    struct tdm_hw *hw = plain_open("xavier-nx", "5");
    snprintf(file, sizeof file, "%s/state", plain_root);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct tdm_saved saved = {.count = 0}, again = {.count = 0};
        struct tdm_error error = {0};
        plain_write(path, odd[i]);
        assert_int_equal(tdm_saved_take(&saved, hw, false, &error), 3 * 3 + 5 + 4 + 4 - 1);
        assert_null(tdm_saved_find(&saved, path));
        assert_int_equal(tdm_saved_write(&saved, file, &error), 0);
        assert_int_equal(tdm_saved_read(&again, file, &error), 0);
        tdm_saved_clear(&saved);
        tdm_saved_clear(&again);
    }
    tdm_hw_close(hw);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, plain_remove)
    const struct CMUnitTest tests[] = {
        TEST(reads_its_own_form),
        TEST(no_part_of_it_is_good),
        TEST(says_which_line_is_wrong),
        TEST(binds_to_the_allow_list_alone),
        TEST(takes_every_knob_and_writes_it_again),
        TEST(a_knob_that_cannot_be_read_is_not_saved),
        TEST(what_could_not_be_put_back_is_not_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
