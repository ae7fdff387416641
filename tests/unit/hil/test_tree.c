// SPDX-License-Identifier: GPL-3.0-or-later
// Nothing outside of the root is read or written, whatever links say; odd files are no values.
#include <errno.h>
#include <sys/stat.h>

#include "plain_board.h"

static struct tdm_tree *tree;

static void make(const char *folder)
{
    char command[2048];
    snprintf(command, sizeof command, "mkdir -p '%s'", plain_path(folder));
    assert_int_equal(system(command), 0);
}

static void link_to(const char *target, const char *path)
{
    assert_int_equal(symlink(target, plain_path(path)), 0);
}

static int set_up(void **state)
{
    struct tdm_error error = {0};
    (void)state;
    snprintf(plain_root, sizeof plain_root, "/tmp/tandem-tree-XXXXXX");
    assert_non_null(mkdtemp(plain_root));
    make("/sys/devices/gpu/devfreq");
    make("/sys/class/devfreq");
    plain_write("/sys/devices/gpu/devfreq/max_freq", "921600000\n");
    tree = tdm_tree_open(plain_root, &error);
    assert_non_null(tree);
    return 0;
}

static int set_up_walking(void **state)
{
    set_up(state);
    tdm_tree_walk(tree);
    return 0;
}

static int tear_down(void **state)
{
    tdm_tree_close(tree);
    return plain_remove(state);
}

static int read_text(const char *path, char text[64])
{
    return tdm_tree_read(tree, path, text, 64);
}

static void reads_one_line(void **state)
{
    char text[64];
    (void)state;
    assert_int_equal(read_text("/sys/devices/gpu/devfreq/max_freq", text), 9);
    assert_string_equal(text, "921600000");
    assert_int_equal(read_text("/sys/devices/gpu/devfreq/min_freq", text), -ENOENT);
    assert_int_equal(read_text("/sys/devices/gpu", text), -EISDIR);
    assert_int_equal(read_text("/", text), -EISDIR);
}

static void refuses_what_is_no_line(void **state)
{
    char text[64];
    (void)state;
    FILE *file = fopen(plain_path("/binary"), "w");
    fwrite("12\0 34\n", 1, 7, file);
    fclose(file);
    file = fopen(plain_path("/huge"), "w");
    for (int i = 0; i < 100000; i++)
        fputs("9", file);
    fclose(file);
    plain_write("/lines", "1\n2\n");
    plain_write("/latin", "\xb5V\n");
    plain_write("/empty", "");
    assert_int_equal(mkfifo(plain_path("/fifo"), 0600), 0);
    assert_int_equal(read_text("/binary", text), -EBADMSG);
    assert_int_equal(read_text("/huge", text), -EBADMSG);
    assert_int_equal(read_text("/lines", text), -EBADMSG);
    assert_int_equal(read_text("/latin", text), -EBADMSG); // JSON would be none with it
    assert_int_equal(read_text("/empty", text), 0);
    assert_int_equal(read_text("/fifo", text), -EINVAL); // and does not wait for a writer
}

// As if the root were "/": absolute links and too many ".." stay below it.
static void links_stay_inside(void **state)
{
    char text[64], outside[128];
    (void)state;
    link_to("/sys/devices/gpu/devfreq", "/sys/class/devfreq/gpu");
    assert_int_equal(read_text("/sys/class/devfreq/gpu/max_freq", text), 9);
    link_to("../../../../../../../../etc/passwd", "/up");
    link_to("/etc/passwd", "/absolute");
    assert_int_equal(read_text("/up", text), -ENOENT);
    assert_int_equal(read_text("/absolute", text), -ENOENT);
    make("/etc");
    plain_write("/etc/passwd", "inside\n");
    assert_int_equal(read_text("/up", text), 6);
    assert_int_equal(read_text("/absolute", text), 6);
    assert_int_equal(read_text("/../../etc/passwd", text), 6);
    link_to("/loop", "/loop");
    assert_int_equal(read_text("/loop", text), -ELOOP);
    snprintf(outside, sizeof outside, "%s/etc/passwd", plain_root);
    assert_int_equal(read_text(outside, text), -ENOENT);
}

static int put(const char *path, const char *pattern)
{
    return tdm_tree_write(tree, path, pattern, "76800000");
}

static void writes_what_the_pattern_allows(void **state)
{
    static const char path[] = "/sys/devices/gpu/devfreq/max_freq";
    (void)state;
    assert_int_equal(put(path, "/sys/devices/*/devfreq/max_freq"), 0);
    assert_string_equal(plain_read(path), "76800000");
    assert_int_equal(put(path, "/sys/devices/*/devfreq/min_freq"), -EPERM);
    assert_int_equal(put(path, "/sys/*/max_freq"), -EPERM); // a star stands within one name
    assert_int_equal(put("/sys/devices/gpu/devfreq/min_freq", "/sys/devices/*/devfreq/min_freq"),
                     -ENOENT); // nothing is created
}

static void follows_links_of_class_and_bus_alone(void **state)
{
    (void)state;
    make("/sys/devices/other");
    make("/home");
    plain_write("/home/max_freq", "mine\n");
    plain_write("/sys/devices/other/power", "mine\n");
    link_to("../../devices/gpu/devfreq", "/sys/class/devfreq/gpu");
    assert_int_equal(put("/sys/class/devfreq/gpu/max_freq", "/sys/class/devfreq/gpu/max_freq"), 0);
    link_to("/home", "/sys/class/devfreq/out");
    assert_int_equal(put("/sys/class/devfreq/out/max_freq", "/sys/class/devfreq/out/max_freq"),
                     -EPERM);
    link_to("other", "/sys/devices/gpu2");
    assert_int_equal(put("/sys/devices/gpu2/power", "/sys/devices/gpu2/power"), -EPERM);
    link_to("../../other/power", "/sys/devices/gpu/devfreq/min_freq");
    assert_int_equal(put("/sys/devices/gpu/devfreq/min_freq", "/sys/devices/gpu/devfreq/min_freq"),
                     -EPERM);
    link_to("../../devices/other/power", "/sys/class/devfreq/max_freq");
    assert_int_equal(put("/sys/class/devfreq/max_freq", "/sys/class/devfreq/max_freq"), -EPERM);
    assert_string_equal(plain_read("/home/max_freq"), "mine");
    assert_string_equal(plain_read("/sys/devices/other/power"), "mine");
}

static int collect(void *context, const char *path)
{
    strcat(strcat(context, path), " ");
    return 0;
}

static void patterns_expand_in_the_order_of_numbers(void **state)
{
    char found[512] = "";
    (void)state;
    make("/cpu/policy10");
    make("/cpu/policy2");
    make("/cpu/policy2/x");
    make("/cpu/driver");
    plain_write("/cpu/policy10/min", "1");
    plain_write("/cpu/policy2/min", "1");
    assert_int_equal(tdm_tree_match(tree, "/cpu/policy*/min", collect, found), 0);
    assert_string_equal(found, "/cpu/policy2/min /cpu/policy10/min ");
    found[0] = '\0';
    tdm_tree_match(tree, "/cpu/policy*/max", collect, found);
    tdm_tree_match(tree, "/none/policy*/min", collect, found);
    assert_string_equal(found, "");
}

int main(void)
{
// By the kernel's own way below the root, and by ours.
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down), \
        cmocka_unit_test_setup_teardown(name, set_up_walking, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(reads_one_line),
        TEST(refuses_what_is_no_line),
        TEST(links_stay_inside),
        TEST(writes_what_the_pattern_allows),
        TEST(follows_links_of_class_and_bus_alone),
        TEST(patterns_expand_in_the_order_of_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
