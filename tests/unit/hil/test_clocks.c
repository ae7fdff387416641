// SPDX-License-Identifier: GPL-3.0-or-later
// Which files are written in which order, what is refused beforehand, and what is told of files
// that do not hold what was written.
#include <errno.h>
#include <math.h>

#include "hil/board/clocks.h"
#include "hil/board/targets.h"
#include "../model/near.h"
#include "plain_board.h"

#define MHZ *1e6

struct fixture {
    struct tdm_hw *hw;
    struct tdm_saved saved;
    struct tdm_hand hand;
    struct tdm_setting setting;
    struct tdm_report report;
    struct tdm_error error;
};

static void begin(struct fixture *f, const char *board, const char *jetpack)
{
    *f = (struct fixture){.setting = tdm_setting_none()};
    f->hw = plain_open(board, jetpack);
    f->hand = (struct tdm_hand){.hw = f->hw, .saved = &f->saved};
    if (tdm_saved_take(&f->saved, f->hw, true, &f->error) < 0)
        fail_msg("%s", f->error.message);
}

static void end(struct fixture *f)
{
    tdm_saved_clear(&f->saved);
    tdm_hw_close(f->hw);
}

static void pin(struct fixture *f, enum tdm_domain domain, double hz)
{
    f->setting.way[domain] = TDM_PIN;
    f->setting.hz[domain] = hz;
}

// Applies, and returns the writes: "scaling_min_freq=102000 …", by the last name of the path.
static const char *apply(struct fixture *f, double hottest)
{
    static char writes[4096];
    char *log = NULL, path[512], value[64];
    size_t size = 0;
    int result;
    FILE *stream = open_memstream(&log, &size);
    tdm_hw_trace(f->hw, stream);
    if (tdm_setting_check(f->hw, &f->setting, &f->error) ||
        tdm_setting_apply(&f->hand, &f->setting, hottest, &f->report, &f->error))
        fail_msg("%s", f->error.message);
    tdm_hw_trace(f->hw, NULL);
    fclose(stream);
    writes[0] = '\0';
    char *rest = log;
    for (const char *line; (line = strtok_r(rest, "\n", &rest));) {
        assert_int_equal(sscanf(line, "%*f %511s %63s %d", path, value, &result), 3);
        assert_int_equal(result, 0);
        const size_t length = strlen(writes);
        snprintf(writes + length, sizeof writes - length, "%s%s=%s", length ? " " : "",
                 strrchr(path, '/') + 1, value);
    }
    free(log);
    return writes;
}

// ---- order -------------------------------------------------------------------------------------

static void raising_begins_with_the_maximum(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "nano", "4");
    pin(&f, TDM_GPU, 76.8 MHZ);
    assert_string_equal(apply(&f, NAN), "min_freq=76800000 max_freq=76800000");
    pin(&f, TDM_GPU, 614.4 MHZ);
    assert_string_equal(apply(&f, NAN), "max_freq=614400000 min_freq=614400000");
    pin(&f, TDM_GPU, 460.8 MHZ);
    assert_string_equal(apply(&f, NAN), "min_freq=460800000 max_freq=460800000");
    assert_int_equal(f.report.clock[TDM_GPU].finding, TDM_FINDING_AS_ASKED);
    assert_near(f.report.clock[TDM_GPU].hz, 460.8 MHZ, 1);
    end(&f);
}

static void every_cluster_is_set_in_kilohertz(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "tx2", "4");
    pin(&f, TDM_CPU, 1420.8 MHZ);
    assert_string_equal(apply(&f, NAN), "scaling_min_freq=1420800 scaling_max_freq=1420800 "
                                        "scaling_min_freq=1420800 scaling_max_freq=1420800");
    end(&f);
}

static void the_memorys_cap_goes_up_first_and_down_last(void **state)
{
    struct fixture f;
    static const char cap[] = "/sys/kernel/nvpmodel_emc_cap/emc_iso_cap";
    (void)state;
    begin(&f, "xavier-nx", "5");
    tdm_saved_clear(&f.saved);
    plain_write(cap, "800000000\n");
    tdm_saved_take(&f.saved, f.hw, false, &f.error);
    pin(&f, TDM_EMC, 1600 MHZ);
    assert_string_equal(apply(&f, NAN), "emc_iso_cap=1600000000 rate=1600000000 mrq_rate_locked=1");
    pin(&f, TDM_EMC, 1331.2 MHZ);
    assert_string_equal(apply(&f, NAN), "rate=1331200000 mrq_rate_locked=1 emc_iso_cap=1331200000");
    pin(&f, TDM_EMC, 204 MHZ); // no lower than it was
    assert_string_equal(apply(&f, NAN), "rate=204000000 mrq_rate_locked=1 emc_iso_cap=800000000");
    f.setting.way[TDM_EMC] = TDM_GOVERN;
    f.setting.hz[TDM_EMC] = 0;
    assert_string_equal(apply(&f, NAN), "mrq_rate_locked=0");
    f.setting.hz[TDM_EMC] = 408 MHZ;
    assert_string_equal(apply(&f, NAN), "mrq_rate_locked=0 emc_iso_cap=408000000");
    end(&f);
}

static void the_nanos_override_is_updated_then_activated(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "nano", "4");
    pin(&f, TDM_EMC, 1600 MHZ);
    assert_string_equal(apply(&f, NAN), "clk_update_rate=1600000000 clk_state=1");
    assert_int_equal(f.report.clock[TDM_EMC].finding, TDM_FINDING_AS_ASKED);
    f.setting.way[TDM_EMC] = TDM_GOVERN;
    f.setting.hz[TDM_EMC] = 0;
    assert_string_equal(apply(&f, NAN), "clk_state=0");
    end(&f);
}

// Four cores of a TX2 are the A57s, 0 and 3 to 5; what comes, comes before what goes, and both
// before clocks. The Denver cluster, then offline, is left alone.
static void cores_come_before_clocks(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "tx2", "4");
    plain_write("/sys/devices/system/cpu/cpu4/online", "0\n");
    f.setting.cores = 4;
    pin(&f, TDM_CPU, 345.6 MHZ);
    assert_string_equal(apply(&f, NAN), "online=1 online=0 online=0 scaling_min_freq=345600 "
                                        "scaling_max_freq=345600");
    assert_string_equal(plain_read("/sys/devices/system/cpu/cpu4/online"), "1");
    assert_string_equal(plain_read("/sys/devices/system/cpu/cpu1/online"), "0");
    assert_string_equal(plain_read("/sys/devices/system/cpu/cpu2/online"), "0");
    assert_int_equal(f.report.cores_online, 4);
    assert_int_equal(f.report.cores.finding, TDM_FINDING_AS_ASKED);
    end(&f);
}

static void governed_is_as_it_was(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "xavier-nx", "5");
    pin(&f, TDM_GPU, 510 MHZ);
    apply(&f, NAN);
    f.setting.way[TDM_GPU] = TDM_GOVERN;
    f.setting.hz[TDM_GPU] = 0;
    assert_string_equal(apply(&f, NAN), "max_freq=1109250000 min_freq=114750000");
    snprintf(f.setting.governor[TDM_GPU], sizeof f.setting.governor[0], "performance");
    f.setting.hz[TDM_GPU] = 803.25 MHZ;
    assert_string_equal(apply(&f, NAN),
                        "governor=performance min_freq=114750000 max_freq=803250000");
    f.setting.governor[TDM_GPU][0] = '\0';
    f.setting.hz[TDM_GPU] = 0;
    assert_string_equal(apply(&f, NAN),
                        "governor=nvhost_podgov max_freq=1109250000 min_freq=114750000");
    end(&f);
}

// ---- refusing ----------------------------------------------------------------------------------

static void refuse(struct fixture *f, const char *part)
{
    assert_int_equal(tdm_setting_check(f->hw, &f->setting, &f->error), -1);
    if (!strstr(f->error.message, part))
        fail_msg("'%s' does not say '%s'", f->error.message, part);
    f->setting = tdm_setting_none();
}

static void nothing_is_written_that_the_board_has_not(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "nano", "4");
    pin(&f, TDM_GPU, 640 MHZ);
    refuse(&f, "nearest is 614.4 MHz");
    plain_write("/sys/devices/57000000.gpu/devfreq/57000000.gpu/available_frequencies",
                "76800000 998400000\n");
    pin(&f, TDM_GPU, 998.4 MHZ);
    refuse(&f, "but the file of the board 'nano' has not");
    pin(&f, TDM_GPU, 614.4 MHZ);
    refuse(&f, "the kernel has no gpu clock of 614.4 MHz");
    plain_write("/sys/devices/57000000.gpu/devfreq/57000000.gpu/available_frequencies", "x\n");
    pin(&f, TDM_GPU, 614.4 MHZ);
    refuse(&f, "cannot read the kernel's table");
    f.setting.cores = 5;
    refuse(&f, "1 to 4 cores");
    f.setting.fan = 256;
    refuse(&f, "0 to 255");
    f.setting.way[TDM_CPU] = TDM_GOVERN;
    snprintf(f.setting.governor[TDM_CPU], sizeof f.setting.governor[0], "../x");
    refuse(&f, "no governor");
    assert_int_equal(unlink(plain_path("/sys/kernel/debug/clk/override.emc/clk_state")), 0);
    pin(&f, TDM_EMC, 1600 MHZ);
    refuse(&f, "'emc-lock' is not there");
    end(&f);
}

static void what_was_not_saved_is_not_written(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "nano", "4");
    f.saved.values[0].spot.path[0] = '\0';
    for (size_t i = 0; i < f.saved.count; i++)
        if (strcmp(f.saved.values[i].knob, "gpu-max") == 0)
            f.saved.values[i].spot.path[1] = 'x';
    pin(&f, TDM_GPU, 76.8 MHZ);
    assert_string_equal(apply(&f, NAN), "min_freq=76800000");
    assert_int_equal(f.report.clock[TDM_GPU].finding, TDM_FINDING_REFUSED);
    assert_false(tdm_report_fine(&f.report));
    end(&f);
}

static void what_a_cpu_brings_late_is_saved_then(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "nano", "4");
    for (size_t i = 0; i < f.saved.count; i++)
        if (strcmp(f.saved.values[i].knob, "cpu-max") == 0)
            f.saved.values[i].spot.path[1] = 'x'; // as if it had not been there
    const size_t before = f.saved.count;
    pin(&f, TDM_CPU, 102 MHZ);
    assert_string_equal(apply(&f, NAN), "scaling_min_freq=102000 scaling_max_freq=102000");
    assert_int_equal(f.report.clock[TDM_CPU].finding, TDM_FINDING_AS_ASKED);
    assert_int_equal(f.saved.count, before + 1);
    assert_string_equal(f.saved.values[before].knob, "cpu-max");
    assert_true(f.saved.values[before].later);
    end(&f);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static void nobody_writes_to_what_is_not_his(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "nano", "4");
    f.hand.may_write = never;
    pin(&f, TDM_GPU, 76.8 MHZ);
    assert_int_equal(tdm_setting_apply(&f.hand, &f.setting, NAN, &f.report, &f.error), -1);
    assert_string_equal(plain_read("/sys/devices/57000000.gpu/devfreq/57000000.gpu/max_freq"),
                        "921600000");
    end(&f);
}

// ---- findings ----------------------------------------------------------------------------------

static void expect(struct fixture *f, enum tdm_domain domain, enum tdm_finding finding,
                   double hottest)
{
    tdm_setting_look(&f->hand, &f->setting, hottest, &f->report);
    if (f->report.clock[domain].finding != finding)
        fail_msg("%s, not %s: %s", tdm_finding_names[f->report.clock[domain].finding],
                 tdm_finding_names[finding], f->report.clock[domain].why);
}

static void tells_why_a_clock_is_another(void **state)
{
    struct fixture f;
    static const char folder[] = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b";
    char now[128], max[128];
    (void)state;
    begin(&f, "xavier-nx", "5");
    snprintf(now, sizeof now, "%s/cur_freq", folder);
    snprintf(max, sizeof max, "%s/max_freq", folder);
    pin(&f, TDM_GPU, 510 MHZ);
    apply(&f, NAN);
    expect(&f, TDM_GPU, TDM_FINDING_AS_ASKED, 95);
    unlink(plain_path(now));
    plain_write(now, "408000000\n");
    expect(&f, TDM_GPU, TDM_FINDING_CAPPED, 50);
    expect(&f, TDM_GPU, TDM_FINDING_CAPPED, NAN);
    expect(&f, TDM_GPU, TDM_FINDING_THROTTLED, 88); // the trip at 90 less 3 K of hysteresis
    plain_write(now, "599250000\n");
    expect(&f, TDM_GPU, TDM_FINDING_ROUNDED, 50);
    plain_write(now, "508000000\n"); // as counters have it: within 0.5 %
    expect(&f, TDM_GPU, TDM_FINDING_AS_ASKED, 50);
    plain_write(now, "lots\n");
    expect(&f, TDM_GPU, TDM_FINDING_UNREADABLE, 50);
    plain_write(max, "1109250000\n");
    expect(&f, TDM_GPU, TDM_FINDING_OVERRIDDEN, 50);
    unlink(plain_path(max));
    expect(&f, TDM_GPU, TDM_FINDING_UNREADABLE, 50);
    end(&f);
}

static void tells_of_the_memorys_cap(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, "xavier-nx", "5");
    pin(&f, TDM_EMC, 1600 MHZ);
    apply(&f, NAN);
    expect(&f, TDM_EMC, TDM_FINDING_AS_ASKED, 50);
    plain_write("/sys/kernel/debug/bpmp/debug/clk/emc/rate", "1331200000\n");
    expect(&f, TDM_EMC, TDM_FINDING_CAPPED, 50);
    plain_write("/sys/kernel/debug/bpmp/debug/clk/emc/mrq_rate_locked", "0\n");
    expect(&f, TDM_EMC, TDM_FINDING_OVERRIDDEN, 50);
    end(&f);
}

// ---- limits ------------------------------------------------------------------------------------

static void caps_lower_what_is_wanted(void **state)
{
    struct fixture f;
    const double caps[TDM_DOMAINS] = {1000 MHZ, 701.25 MHZ, 0};
    (void)state;
    begin(&f, "xavier-nx", "5");
    pin(&f, TDM_CPU, 1190.4 MHZ);
    pin(&f, TDM_GPU, 510 MHZ);
    assert_true(tdm_setting_limit(f.hw, &f.setting, caps));
    assert_near(f.setting.hz[TDM_CPU], 960 MHZ, 1); // 115.2 + 11 * 76.8
    assert_near(f.setting.hz[TDM_GPU], 510 MHZ, 1);
    assert_int_equal(f.setting.way[TDM_EMC], TDM_KEEP);
    f.setting = tdm_setting_none();
    assert_true(tdm_setting_limit(f.hw, &f.setting, caps));
    assert_int_equal(f.setting.way[TDM_GPU], TDM_GOVERN);
    assert_near(f.setting.hz[TDM_GPU], 701.25 MHZ, 1);
    assert_false(tdm_setting_limit(f.hw, &f.setting, caps));
    end(&f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, plain_remove)
    const struct CMUnitTest tests[] = {
        TEST(raising_begins_with_the_maximum),
        TEST(every_cluster_is_set_in_kilohertz),
        TEST(the_memorys_cap_goes_up_first_and_down_last),
        TEST(the_nanos_override_is_updated_then_activated),
        TEST(cores_come_before_clocks),
        TEST(governed_is_as_it_was),
        TEST(nothing_is_written_that_the_board_has_not),
        TEST(what_was_not_saved_is_not_written),
        TEST(what_a_cpu_brings_late_is_saved_then),
        TEST(nobody_writes_to_what_is_not_his),
        TEST(tells_why_a_clock_is_another),
        TEST(tells_of_the_memorys_cap),
        TEST(caps_lower_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
