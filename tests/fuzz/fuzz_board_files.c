// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as what a kernel's files answer: garbage, nothing, too much. Each piece of the input
 * (they end with two zero bytes) begins with the file that it is for. A board is opened on them,
 * looked at, saved and judged; what is said of it makes sense.
 */
#define _GNU_SOURCE // memmem
#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "hil/board/clocks.h"
#include "hil/board/rails.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_FILES = 64, MOST_OPPS = 128 };

static char root[32];
static struct {
    char path[256]; // from the root on
    bool changed;
} files[MOST_FILES];
static size_t file_count;

static void put_file(size_t index, const void *bytes, size_t size)
{
    char whole[320];
    snprintf(whole, sizeof whole, "%s%s", root, files[index].path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(whole, 0700);
    }
    unlink(whole); // some file systems flush what is truncated and written again
    const int fd = open(whole, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    close(fd);
}

static void add_file(const char *pattern)
{
    assert(file_count < MOST_FILES);
    char *path = files[file_count].path;
    snprintf(path, sizeof files[0].path, "%s", pattern);
    for (char *star; (star = strchr(path, '*'));)
        *star = '1';
    put_file(file_count++, "1\n", 2);
}

static void remove_root(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    if (system(command))
        abort();
}

// Every file that the board's map names, once.
static void set_up(void)
{
    struct tdm_error error;
    struct tdm_board *board = tdm_board_load("xavier-nx", &error);
    assert(board);
    snprintf(root, sizeof root, "/tmp/tandem-fuzz-XXXXXX");
    if (!mkdtemp(root))
        abort();
    atexit(remove_root);
    for (size_t i = 0; i < board->sysfs_count; i++)
        if (strcmp(board->sysfs[i].jetpack, "5") == 0)
            add_file(board->sysfs[i].path);
    add_file("/proc/device-tree/model");
    add_file("/proc/device-tree/compatible");
    add_file("/etc/nv_tegra_release");
    add_file("/proc/sys/kernel/random/boot_id");
    add_file("/sys/devices/system/cpu/cpufreq/policy1/related_cpus");
    tdm_board_free(board);
}

static void lay(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < file_count; i++) {
        if (files[i].changed)
            put_file(i, "1\n", 2);
        files[i].changed = false;
    }
    while (size) {
        const uint8_t *end = memmem(data, size, "\0\0", 2);
        const size_t length = end ? (size_t)(end - data) : size;
        if (length) {
            put_file(data[0] % file_count, data + 1, length - 1);
            files[data[0] % file_count].changed = true;
        }
        data += end ? length + 2 : length;
        size -= end ? length + 2 : length;
    }
}

static void look(struct tdm_hw *hw)
{
    struct tdm_rail_spot rails[TDM_RAILS];
    double hz[MOST_OPPS], watts;
    char text[128];
    for (int domain = 0; domain < TDM_DOMAINS; domain++) {
        const int count = tdm_hw_table(hw, (enum tdm_domain)domain, hz, MOST_OPPS);
        assert(count != 0 && count <= MOST_OPPS);
        for (int i = 0; i < count; i++)
            assert(hz[i] >= 0 && isfinite(hz[i]) && (i == 0 || hz[i] >= hz[i - 1]));
    }
    const size_t count = tdm_rails_find(hw, rails);
    assert(count <= TDM_RAILS);
    for (size_t i = 0; i < count; i++)
        if (tdm_rail_read(hw, &rails[i], &watts) == 0)
            assert(isfinite(watts));
    tdm_rails_whole(hw, rails, count, text, sizeof text);
}

static void judge(struct tdm_hw *hw)
{
    struct tdm_saved saved = {.count = 0};
    struct tdm_error error = {0};
    struct tdm_report report;
    struct tdm_setting setting = tdm_setting_none();
    const struct tdm_hand hand = {.hw = hw, .saved = &saved};
    const double caps[TDM_DOMAINS] = {1e9, 5e8, 1e9};
    setting.way[TDM_GPU] = TDM_PIN;
    setting.hz[TDM_GPU] = 510e6;
    setting.cores = 2;
    if (tdm_setting_check(hw, &setting, &error))
        assert(error.message[0]);
    tdm_setting_limit(hw, &setting, caps);
    if (tdm_saved_take(&saved, hw, true, &error) >= 0) {
        tdm_setting_look(&hand, &setting, 50, &report);
        assert(report.cores_online >= 1);
        for (int i = 0; i < TDM_DOMAINS; i++)
            assert(report.clock[i].finding <= TDM_FINDING_UNREADABLE);
    }
    tdm_saved_clear(&saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tdm_error error = {0};
    if (!file_count)
        set_up();
    lay(data, size);
    struct tdm_hw *hw = tdm_hw_open(root, NULL, NULL, &error);
    if (!hw) {
        assert(error.message[0]);
        hw = tdm_hw_open(root, "xavier-nx", "5", &error);
    }
    assert(hw);
    look(hw);
    judge(hw);
    tdm_hw_close(hw);
    return 0;
}
