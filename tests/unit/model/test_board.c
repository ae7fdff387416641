// SPDX-License-Identifier: GPL-3.0-or-later
/** Boards: what may not stand in a file, what the shipped files say, and questions by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "model/board.h"

static const char *const shipped[] = {"nano", "tx2", "xavier-nx", "agx-xavier", "agx-orin"};

static struct tdm_board *must_load(const char *name)
{
    struct tdm_error error = {0};
    struct tdm_board *board = tdm_board_load(name, &error);
    if (!board)
        fail_msg("%s:%ld:%ld: %s", error.file, error.line, error.column, error.message);
    return board;
}

static const struct tdm_domain_info *domain_of(const struct tdm_board *board, int domain)
{
    return board->domain[domain];
}

// ---- a small board, and ways to spoil it -------------------------------------------------------

static const char small[] =
    "<board name=\"b\" title=\"t\" pmax=\"10 W\" pmax-source=\"s\" memory=\"4 GB\">\n"
    " <source id=\"s\" kind=\"assumed\" what=\"for a test\"/>\n"
    " <domain name=\"cpu\" cores=\"4\" governor=\"schedutil\" source=\"s\">\n"
    "  <opp f=\"100 MHz\"/><opp f=\"200 MHz\" v=\"1.1\"/><opp f=\"1 GHz\" v=\"1.5\"/>\n"
    " </domain>\n"
    " <domain name=\"gpu\" governor=\"podgov\" source=\"s\">\n"
    "  <opp f=\"100 MHz\"/><opp f=\"300 MHz\"/>\n"
    " </domain>\n"
    " <domain name=\"emc\" governor=\"floor\" source=\"s\">\n"
    "  <opp f=\"400 MHz\"/><opp f=\"800 MHz\"/>\n"
    " </domain>\n"
    " <floor gpu=\"100 MHz\" emc=\"400 MHz\" source=\"s\"/>\n"
    " <floor gpu=\"300 MHz\" emc=\"800 MHz\" source=\"s\"/>\n"
    " <mode name=\"FULL\" id=\"0\" cores=\"4\" source=\"s\"/>\n"
    " <mode name=\"HALF\" id=\"1\" cores=\"2\" cpu=\"200 MHz\" source=\"s\"/>\n"
    " <rail name=\"A\" covers=\"all of it\" total=\"yes\" idle=\"1 W\" cpu=\"60 %\" "
    "source=\"s\"/>\n"
    " <rail name=\"AB\" covers=\"more\" total=\"yes\" idle=\"0.25 W\" cpu=\"40 %\" source=\"s\"/>\n"
    " <rail name=\"B\" covers=\"part of A\" idle=\"0.5 W\" source=\"s\"/>\n"
    " <thermal resistance=\"2 K/W\" capacity=\"50 J/K\" source=\"s\">\n"
    "  <trip above=\"90 degC\" gpu=\"100 MHz\"/>\n"
    " </thermal>\n"
    " <processor name=\"gpu\" domain=\"gpu\" source=\"s\"/>\n"
    " <processor name=\"cpu\" domain=\"cpu\" flop=\"8\" source=\"s\"/>\n"
    "</board>\n";

// Writes `small` with the first `what` replaced `by` something else, and gives its path.
static void write_spoilt(char *path, const char *what, const char *by)
{
    const char *at = strstr(small, what);
    assert_non_null(at);
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    fprintf(file, "%.*s%s%s", (int)(at - small), small, by, at + strlen(what));
    fclose(file);
}

static void spoilt(const char *what, const char *by, long line, long column, const char *message)
{
    char path[] = "/tmp/tandem-board-XXXXXX";
    write_spoilt(path, what, by);
    char named[64];
    snprintf(named, sizeof named, "%s", path);
    struct tdm_error error = {0};
    assert_null(tdm_board_load(named, &error));
    assert_string_equal(error.message, message);
    assert_string_equal(error.file, path);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
    assert_null(tdm_board_load(named, NULL));
    unlink(path);
}

static void dangling_references(void **state)
{
    (void)state;
    spoilt("pmax-source=\"s\"", "pmax-source=\"ss\"", 1, 1,
           "no <source> has the id 'ss' (did you mean 's'?)");
    spoilt("memory=\"4 GB\"", "memory=\"4 GB\" jitter-source=\"data\"", 1, 1,
           "no <source> has the id 'data'");
    spoilt("cores=\"4\"", "cores=\"4\" voltage-source=\"x\"", 3, 2,
           "no <source> has the id 'x' (did you mean 's'?)");
    spoilt("cores=\"4\"", "cores=\"4\" timing-source=\"x\"", 3, 2,
           "no <source> has the id 'x' (did you mean 's'?)");
    spoilt("cores=\"4\"", "cores=\"4\" memory-source=\"x\"", 3, 2,
           "no <source> has the id 'x' (did you mean 's'?)");
    spoilt("emc=\"400 MHz\" source=\"s\"", "emc=\"400 MHz\" source=\"measured\"", 12, 2,
           "no <source> has the id 'measured'");
    spoilt("cores=\"2\" cpu=\"200 MHz\" source=\"s\"", "cores=\"2\" source=\"t\"", 15, 2,
           "no <source> has the id 't' (did you mean 's'?)");
    spoilt("part of A\" idle=\"0.5 W\" source=\"s\"", "part of A\" source=\"rails\"", 18, 2,
           "no <source> has the id 'rails'");
    spoilt("part of A\" idle=\"0.5 W\" source=\"s\"",
           "part of A\" source=\"s\" share-source=\"rails\"", 18, 2,
           "no <source> has the id 'rails'");
    spoilt("50 J/K\" source=\"s\"", "50 J/K\" source=\"rc-fit\"", 19, 2,
           "no <source> has the id 'rc-fit'");
    spoilt("flop=\"8\" source=\"s\"", "flop=\"8\" source=\"cpu-speed\"", 23, 2,
           "no <source> has the id 'cpu-speed'");
}

static void clocks_that_are_no_opps(void **state)
{
    (void)state;
    spoilt("<floor gpu=\"100 MHz\"", "<floor gpu=\"150 MHz\"", 12, 2,
           "150 MHz is not an OPP of the domain 'gpu'");
    spoilt("<floor gpu=\"100 MHz\" emc=\"400 MHz\"", "<floor gpu=\"100 MHz\" emc=\"404 MHz\"", 12,
           2, "404 MHz is not an OPP of the domain 'emc'");
    spoilt("cpu=\"200 MHz\"", "cpu=\"1.2 GHz\"", 15, 2,
           "1.2 GHz is not an OPP of the domain 'cpu'");
    spoilt("cpu=\"200 MHz\"", "cpu-min=\"150 MHz\"", 15, 2,
           "150 MHz is not an OPP of the domain 'cpu'");
    spoilt("cpu=\"200 MHz\"", "emc=\"0 Hz\"", 15, 2,
           "<mode emc=\"0 Hz\">: out of range; it lies between 1 MHz and 10 GHz");
    spoilt("gpu=\"100 MHz\"/>\n </thermal>", "cpu=\"101 MHz\"/>\n </thermal>", 20, 3,
           "101 MHz is not an OPP of the domain 'cpu'");
}

static void order_and_number(void **state)
{
    (void)state;
    spoilt("<opp f=\"200 MHz\" v=\"1.1\"/>", "<opp f=\"99 MHz\"/>", 4, 21,
           "OPPs are sorted by rising frequency, this one is not above the one before");
    spoilt("<opp f=\"200 MHz\" v=\"1.1\"/>", "<opp f=\"100 MHz\"/>", 4, 21,
           "OPPs are sorted by rising frequency, this one is not above the one before");
    spoilt("name=\"gpu\" governor", "name=\"cpu\" governor", 6, 2,
           "the domain 'cpu' is there twice");
    spoilt("<floor gpu=\"300 MHz\"", "<floor gpu=\"100 MHz\"", 13, 2,
           "floors are sorted by rising GPU clock");
    spoilt("gpu=\"100 MHz\"/>\n </thermal>",
           "gpu=\"100 MHz\"/>\n  <trip above=\"85 degC\"/>\n </thermal>", 21, 3,
           "trips are sorted by rising temperature");
    spoilt("id=\"1\"", "id=\"0\"", 15, 2, "the modes 'FULL' and 'HALF' have the same id");
    spoilt("cores=\"2\"", "cores=\"5\"", 15, 2,
           "the mode 'HALF' has more cores than the board's 4");
    spoilt("cpu=\"200 MHz\"", "cpu=\"200 MHz\" cpu-min=\"1 GHz\"", 15, 2,
           "the mode 'HALF' has a 'cpu-min' above its 'cpu'");
    spoilt(
        "id=\"0\" cores=\"4\" source=\"s\"/>\n <mode name=\"HALF\"",
        "id=\"0\" cores=\"4\" default=\"yes\" source=\"s\"/>\n <mode name=\"HALF\" default=\"yes\"",
        15, 2, "the modes 'FULL' and 'HALF' are both the default");
    spoilt("<mode name=\"HALF\"", "<mode name=\"FULL\"", 15, 2,
           "<mode name=\"FULL\"> is there twice; the first is on line 14");
    spoilt("<rail name=\"B\"", "<rail name=\"A\"", 18, 2,
           "<rail name=\"A\"> is there twice; the first is on line 16");
    spoilt("<source id=\"s\"", "<source id=\"s\" kind=\"assumed\" what=\"x\"/>\n <source id=\"s\"",
           3, 2, "<source id=\"s\"> is there twice; the first is on line 2");
    spoilt(" <domain name=\"emc\" governor=\"floor\" source=\"s\">\n"
           "  <opp f=\"400 MHz\"/><opp f=\"800 MHz\"/>\n </domain>\n",
           "", 21, 1,
           "<board> needs at least 3 <domain> (things that share a clock: its OPPs, governor, "
           "switching costs)");
    spoilt("<processor name=\"gpu\"", "<processor name=\"dla\"", 1, 1,
           "a board has a <processor name=\"gpu\">: the fits belong to it");
}

static void rails(void **state)
{
    (void)state;
    spoilt("cpu=\"40 %\"", "cpu=\"41 %\"", 17, 2,
           "up to here the total rails carry more than 100 % of the 'cpu' power");
    spoilt("name=\"AB\"", "name=\"A+B\"", 17, 2, "'A+B' holds a '+', which joins rails to sets");
    struct tdm_error error = {0};
    char path[] = "/tmp/tandem-board-XXXXXX";
    write_spoilt(path, "pmax", "pmax");
    struct tdm_board *board = must_load(path);
    unlink(path);
    // Totals are A (1 W) and AB (0.25 W); B is part of A.
    assert_true(tdm_board_rails_gap(board, "A+AB", &error) == 0);
    assert_true(tdm_board_rails_gap(board, "AB+A", &error) == 0);
    assert_true(tdm_board_rails_gap(board, "A", &error) == 0.25);
    assert_true(tdm_board_rails_gap(board, "AB", &error) == 1);
    assert_true(tdm_board_rails_gap(board, "B", &error) == 1.25);
    assert_true(tdm_board_rails_gap(board, "B+AB", &error) == 1);
    assert_true(isnan(tdm_board_rails_gap(board, "A+C", &error)));
    assert_string_equal(error.message, "the board 'b' has no rail 'C' (did you mean 'A'?)");
    assert_true(isnan(tdm_board_rails_gap(board, "A++B", &error)));
    assert_true(isnan(tdm_board_rails_gap(board, "A B", NULL)));
    tdm_board_free(board);
}

static void questions_of_a_small_board(void **state)
{
    (void)state;
    char path[] = "/tmp/tandem-board-XXXXXX";
    write_spoilt(path, "pmax", "pmax");
    struct tdm_board *board = must_load(path);
    unlink(path);
    const struct tdm_domain_info *cpu = domain_of(board, TDM_CPU); // 100, 200, 1000 MHz
    assert_int_equal(tdm_domain_opp(cpu, 200e6), 1);
    assert_int_equal(tdm_domain_opp(cpu, 200.19e6), 1); // within 0.1 %
    assert_int_equal(tdm_domain_opp(cpu, 200.21e6), -1);
    assert_int_equal(tdm_domain_opp(cpu, 0), -1);
    assert_int_equal(tdm_domain_round(cpu, 0), 0);
    assert_int_equal(tdm_domain_round(cpu, 100e6), 0);
    assert_int_equal(tdm_domain_round(cpu, 101e6), 1); // up, as the kernel does
    assert_int_equal(tdm_domain_round(cpu, 200e6), 1);
    assert_int_equal(tdm_domain_round(cpu, 201e6), 2);
    assert_int_equal(tdm_domain_round(cpu, 9e9), 2);
    assert_int_equal(tdm_board_floor(board, 100e6), 0);
    assert_int_equal(tdm_board_floor(board, 299e6), 0);
    assert_int_equal(tdm_board_floor(board, 300e6), 1);
    assert_int_equal(tdm_board_mode(board, "HALF")->cores, 2);
    assert_null(tdm_board_mode(board, "half"));
    assert_true(tdm_board_processor(board, "cpu")->flop == 8);
    assert_null(tdm_board_processor(board, "dla"));
    tdm_board_free(board);
    tdm_board_free(NULL);
}

static void unknown_boards(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    assert_null(tdm_board_load("nanno", &error));
    assert_string_equal(error.message, "'nanno' is neither a file nor one of the known boards "
                                       "(did you mean 'nano'?)");
}

// ---- what the shipped boards say ---------------------------------------------------------------

static void clock_tables(void **state)
{
    (void)state;
    // Number of OPPs, lowest and highest (MHz), from the boards' published tables.
    static const struct {
        size_t count[TDM_DOMAINS];
        double low[TDM_DOMAINS], high[TDM_DOMAINS];
        int64_t cores;
    } tables[] = {
        {{15, 12, 7}, {102, 76.8, 204}, {1479, 921.6, 1600}, 4},
        {{12, 13, 11}, {345.6, 114.75, 40.8}, {2035.2, 1300.5, 1866}, 6},
        {{25, 15, 8}, {115.2, 114.75, 204}, {1907.2, 1109.25, 1866}, 6},
        {{29, 14, 9}, {115.2, 114.75, 204}, {2265.6, 1377, 2133}, 8},
        {{29, 11, 4}, {115.2, 306, 204}, {2201.6, 1300.5, 3199}, 12},
    };
    for (size_t i = 0; i < TDM_COUNT(shipped); i++) {
        struct tdm_board *board = must_load(shipped[i]);
        for (int d = 0; d < TDM_DOMAINS; d++) {
            const struct tdm_domain_info *domain = domain_of(board, d);
            assert_int_equal(domain->opp_count, tables[i].count[d]);
            assert_true(fabs(domain->opps[0].hz / 1e6 - tables[i].low[d]) < 1e-6);
            assert_true(fabs(domain->opps[domain->opp_count - 1].hz / 1e6 - tables[i].high[d]) <
                        1e-6);
        }
        assert_int_equal(domain_of(board, TDM_CPU)->cores, tables[i].cores);
        tdm_board_free(board);
    }
}

static double millivolts(const struct tdm_domain_info *domain, double mhz)
{
    const int opp = tdm_domain_opp(domain, mhz * 1e6);
    assert_true(opp >= 0);
    return domain->opps[opp].volts * 1e3;
}

static void voltages_of_the_nano(void **state)
{
    (void)state;
    struct tdm_board *board = must_load("nano");
    // nouveau's formula for speedo 2000 at -10 degC, worked by hand from 537.6 MHz on.
    static const struct {
        double mhz, mv;
    } gpu[] = {{76.8, 840},     {460.8, 840},  {537.6, 858.17},  {614.4, 900.06},
               {691.2, 941.95}, {768, 983.85}, {844.8, 1025.74}, {921.6, 1067.63}};
    for (size_t i = 0; i < TDM_COUNT(gpu); i++)
        assert_true(fabs(millivolts(domain_of(board, TDM_GPU), gpu[i].mhz) - gpu[i].mv) < 0.01);
    // The CPU's table where its entries meet OPPs, and half way between two of them.
    static const struct {
        double mhz, mv;
    } cpu[] = {{204, 840},   {403.2, 840}, {1224, 1081.943},
               {1326, 1090}, {1479, 1090}, {614.4, 878.147 + 33.966 * 2.4 / 102}};
    for (size_t i = 0; i < TDM_COUNT(cpu); i++)
        assert_true(fabs(millivolts(domain_of(board, TDM_CPU), cpu[i].mhz) - cpu[i].mv) < 0.01);
    tdm_board_free(board);
}

static void voltages_rise_from_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(shipped); i++) {
        struct tdm_board *board = must_load(shipped[i]);
        for (int d = 0; d < TDM_DOMAINS; d++) {
            const struct tdm_domain_info *domain = domain_of(board, d);
            assert_true(domain->opps[0].v == 1);
            for (size_t k = 1; k < domain->opp_count; k++) {
                const struct tdm_opp *opp = &domain->opps[k];
                assert_true(opp->v >= opp[-1].v && opp->v <= 1.7);
                if (!isnan(opp->volts))
                    assert_true(fabs(opp->volts / domain->opps[0].volts - opp->v) < 1e-4);
                if (d == TDM_EMC) {
                    assert_true(opp->bandwidth > opp[-1].bandwidth);
                    assert_true(opp->idle > opp[-1].idle);
                }
            }
        }
        tdm_board_free(board);
    }
}

static void memory_bandwidths(void **state)
{
    (void)state;
    static const struct {
        const char *board;
        double mhz, gigabytes;
    } peaks[] = {{"nano", 1600, 25.6},      {"nano", 800, 12.8},         {"tx2", 1866, 59.7},
                 {"xavier-nx", 1600, 51.2}, {"agx-xavier", 2133, 136.5}, {"agx-orin", 3199, 204.8}};
    for (size_t i = 0; i < TDM_COUNT(peaks); i++) {
        struct tdm_board *board = must_load(peaks[i].board);
        const struct tdm_domain_info *emc = domain_of(board, TDM_EMC);
        const int opp = tdm_domain_opp(emc, peaks[i].mhz * 1e6);
        assert_true(opp >= 0);
        assert_true(fabs(emc->opps[opp].bandwidth / 1e9 - peaks[i].gigabytes) < 0.001);
        tdm_board_free(board);
    }
}

static void memory_floors(void **state)
{
    (void)state;
    // Memory clock over GPU clock (MHz) as LoudVA's logs show it.
    static const struct {
        const char *board;
        double gpu, emc;
    } floors[] = {
        {"nano", 76.8, 204},
        {"nano", 153.6, 1600},
        {"nano", 921.6, 1600},
        {"xavier-nx", 114.75, 204},
        {"xavier-nx", 510, 1600},
        {"xavier-nx", 1109.25, 1600},
        {"agx-xavier", 114.75, 1065.6},
        {"agx-xavier", 522.75, 1065.6},
        {"agx-xavier", 624.75, 1331.2},
        {"agx-xavier", 675.75, 1600},
        {"agx-xavier", 828.75, 1866},
        {"agx-xavier", 905.25, 1866},
        {"agx-xavier", 1032.75, 2133},
        {"agx-xavier", 1377, 2133},
    };
    for (size_t i = 0; i < TDM_COUNT(floors); i++) {
        struct tdm_board *board = must_load(floors[i].board);
        const int opp = tdm_board_floor(board, floors[i].gpu * 1e6);
        assert_true(fabs(domain_of(board, TDM_EMC)->opps[opp].hz / 1e6 - floors[i].emc) < 1e-6);
        tdm_board_free(board);
    }
}

static void power_modes(void **state)
{
    (void)state;
    static const struct {
        const char *board, *mode;
        int64_t id, cores;
        double cpu, gpu, emc; // MHz; 0: no cap
    } modes[] = {
        {"nano", "MAXN", 0, 4, 0, 0, 0},
        {"nano", "5W", 1, 2, 921.6, 614.4, 1600},
        {"tx2", "MAXQ", 1, 4, 1267.2, 854.25, 1331.2},
        {"tx2", "MAXP_CORE_ARM", 3, 4, 2035.2, 1122, 1600},
        {"xavier-nx", "MODE_10W_DESKTOP", 5, 4, 1907.2, 510, 1600},
        {"xavier-nx", "MODE_20W_6CORE", 8, 6, 1420.8, 1109.25, 1866},
        {"agx-xavier", "MODE_10W", 1, 2, 1190.4, 522.75, 1065.6},
        {"agx-xavier", "MODE_15W_DESKTOP", 7, 4, 2188.8, 675.75, 1331.2},
        {"agx-orin", "MODE_50W", 3, 12, 1497.6, 816, 0},
    };
    for (size_t i = 0; i < TDM_COUNT(modes); i++) {
        struct tdm_board *board = must_load(modes[i].board);
        const struct tdm_mode *mode = tdm_board_mode(board, modes[i].mode);
        assert_non_null(mode);
        assert_int_equal(mode->id, modes[i].id);
        assert_int_equal(mode->cores, modes[i].cores);
        const double is[] = {mode->cpu, mode->gpu, mode->emc};
        const double wanted[] = {modes[i].cpu, modes[i].gpu, modes[i].emc};
        for (int d = 0; d < TDM_DOMAINS; d++)
            assert_true(wanted[d] == 0 ? isnan(is[d]) : fabs(is[d] / 1e6 - wanted[d]) < 1e-6);
        tdm_board_free(board);
    }
}

static void total_rails_carry_everything_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(shipped); i++) {
        struct tdm_board *board = must_load(shipped[i]);
        double cpu = 0, gpu = 0, emc = 0, rest = 0;
        for (size_t k = 0; k < board->rail_count; k++) {
            const struct tdm_rail *rail = &board->rails[k];
            assert_true(rail->quantum > 0 && rail->period > 0);
            assert_true(rail->sensor && rail->covers);
            if (!rail->total)
                continue;
            cpu += rail->share_cpu;
            gpu += rail->share_gpu;
            emc += rail->share_emc;
            rest += rail->share_rest;
        }
        assert_true(fabs(cpu - 1) < 1e-12 && fabs(gpu - 1) < 1e-12);
        assert_true(fabs(emc - 1) < 1e-12 && fabs(rest - 1) < 1e-12);
        tdm_board_free(board);
    }
    struct tdm_board *agx = must_load("agx-xavier");
    struct tdm_error error = {0};
    assert_true(tdm_board_rails_gap(agx, "GPU+CPU+SOC+CV+VDDRQ+SYS5V", &error) == 0);
    const double gap = tdm_board_rails_gap(agx, "GPU+CPU+SOC+VDDRQ", &error);
    assert_true(gap > 2.1 && gap < 2.9); // what BoFL's sum lacks (SYS5V; CV is off)
    tdm_board_free(agx);
}

static bool names_source(const char *id, const char *named)
{
    return named && strcmp(id, named) == 0;
}

// Counts the uses of a source: a source that nothing names says nothing.
static bool is_used(const struct tdm_board *b, const char *id)
{
    bool used = names_source(id, b->pmax_source) || names_source(id, b->jitter_source);
    for (size_t i = 0; i < b->domain_count; i++)
        used |= names_source(id, b->domains[i].source) ||
                names_source(id, b->domains[i].voltage_source) ||
                names_source(id, b->domains[i].timing_source) ||
                names_source(id, b->domains[i].memory_source);
    for (size_t i = 0; i < b->rail_count; i++)
        used |= names_source(id, b->rails[i].source) || names_source(id, b->rails[i].share_source);
#define USED(items, count) \
    for (size_t i = 0; i < b->count; i++) \
        used |= names_source(id, b->items[i].source);
    USED(floors, floor_count)
    USED(modes, mode_count)
    USED(thermals, thermal_count)
    USED(processors, processor_count)
    USED(sysfs, sysfs_count)
    USED(latencies, latency_count)
    USED(powers, power_count)
    USED(fits, fit_count)
#undef USED
    return used;
}

static void sources_are_used_and_dated(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(shipped); i++) {
        struct tdm_board *board = must_load(shipped[i]);
        for (size_t k = 0; k < board->source_count; k++) {
            const struct tdm_source *source = &board->sources[k];
            if (!is_used(board, source->id))
                fail_msg("%s: nothing names the source '%s'", shipped[i], source->id);
            assert_true(strlen(source->what) > 10);
            if (source->kind == TDM_FITTED)
                assert_true(source->error && source->date);
        }
        tdm_board_free(board);
    }
}

static void thermals_make_sense(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(shipped); i++) {
        struct tdm_board *board = must_load(shipped[i]);
        const struct tdm_thermal *thermal = board->thermals;
        // At its power budget the board stays below its first trip, but not by much more than half.
        const double hot = thermal->ambient + thermal->resistance * board->pmax;
        assert_true(thermal->trip_count >= 1);
        assert_true(hot < thermal->trips[0].above);
        assert_true(hot > thermal->ambient + 0.3 * (thermal->trips[0].above - thermal->ambient));
        const double tau = thermal->resistance * thermal->capacity;
        assert_true(tau >= 60 && tau <= 600);
        assert_true(thermal->leakage >= 0.005 && thermal->leakage <= 0.03);
        tdm_board_free(board);
    }
}

static bool has_knob(const struct tdm_board *board, const char *jetpack, const char *knob)
{
    for (size_t i = 0; i < board->sysfs_count; i++)
        if (strcmp(board->sysfs[i].jetpack, jetpack) == 0 &&
            strcmp(board->sysfs[i].knob, knob) == 0)
            return true;
    return false;
}

static void knobs_of_every_jetpack(void **state)
{
    (void)state;
    static const struct {
        const char *board, *jetpack;
    } software[] = {{"nano", "4"},      {"tx2", "4"},        {"xavier-nx", "4"},
                    {"xavier-nx", "5"}, {"agx-xavier", "4"}, {"agx-xavier", "5"},
                    {"agx-orin", "5"},  {"agx-orin", "6"}};
    static const char *const knobs[] = {
        "cpu-min", "cpu-max", "cpu-now",     "cpu-governor",  "cpu-online",
        "gpu-min", "gpu-max", "gpu-now",     "emc-rate",      "emc-lock",
        "fan",     "thermal", "power-label", "power-voltage", "power-current"};
    for (size_t i = 0; i < TDM_COUNT(software); i++) {
        struct tdm_board *board = must_load(software[i].board);
        for (size_t k = 0; k < TDM_COUNT(knobs); k++)
            if (!has_knob(board, software[i].jetpack, knobs[k]))
                fail_msg("%s, JetPack %s: no %s", software[i].board, software[i].jetpack, knobs[k]);
        for (size_t k = 0; k < board->sysfs_count; k++)
            assert_int_equal(board->sysfs[k].path[0], '/');
        tdm_board_free(board);
    }
}

// ---- measured data -----------------------------------------------------------------------------

// Every clock of a measured row is an OPP of the board.
static void check_clocks(const char *folder, const char *file, const char *name)
{
    char path[4096], line[1024];
    snprintf(path, sizeof path, "%s/measurements/%s", folder, file);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    struct tdm_board *board = must_load(name);
    assert_non_null(fgets(line, sizeof line, stream));
    int rows = 0;
    while (fgets(line, sizeof line, stream)) {
        char *rest = line;
        for (int column = 0; column < 9; column++) {
            const char *cell = strsep(&rest, ",");
            assert_non_null(cell);
            if (column < 6 || !*cell)
                continue;
            const double hz = strtod(cell, NULL);
            if (tdm_domain_opp(domain_of(board, column - 6), hz) < 0)
                fail_msg("%s: %g Hz is not an OPP of %s's %s", file, hz, name,
                         tdm_domain_names[column - 6]);
        }
        rows++;
    }
    assert_true(rows > 3);
    fclose(stream);
    tdm_board_free(board);
}

static void measured_clocks_are_opps(void **state)
{
    (void)state;
    const char *folder = getenv("TANDEM_DATA");
    if (!folder) {
        print_message("skipped: the clocks of measured data (TANDEM_DATA is not set)\n");
        skip();
    }
    check_clocks(folder, "tx2-training-grid.csv", "tx2");
    check_clocks(folder, "tx2-inference-gpu-emc.csv", "tx2");
    check_clocks(folder, "agx-xavier-training-grid.csv", "agx-xavier");
    check_clocks(folder, "agx-xavier-inference-gpu-sweep.csv", "agx-xavier");
    check_clocks(folder, "xavier-nx-inference-gpu-sweep.csv", "xavier-nx");
    check_clocks(folder, "nano-inference-gpu-sweep.csv", "nano");
}

// What somebody measured on his own board counts before a publication that keeps its precision to
// itself.
static void test_unstated_precision_comes_last(void **state)
{
    (void)state;
    struct tdm_fit fits[] = {
        {.dnn = "net", .mode = "infer", .precision = "unstated", .batch = 1},
        {.dnn = "net", .mode = "infer", .precision = "fp32", .batch = 1},
        {.dnn = "net", .mode = "infer", .precision = "fp16", .batch = 1},
        {.dnn = "other", .mode = "infer", .precision = "unstated", .batch = 1},
    };
    const struct tdm_board board = {.fits = fits, .fit_count = sizeof fits / sizeof *fits};
    assert_ptr_equal(tdm_fit_find(&board, "net", "infer", NULL, 1), &fits[1]);
    assert_ptr_equal(tdm_fit_find(&board, "net", "infer", "fp16", 1), &fits[2]);
    assert_ptr_equal(tdm_fit_find(&board, "net", "infer", "unstated", 1), &fits[0]);
    assert_ptr_equal(tdm_fit_find(&board, "other", "infer", NULL, 1), &fits[3]);
    assert_null(tdm_fit_find(&board, "net", "train", NULL, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dangling_references),
        cmocka_unit_test(clocks_that_are_no_opps),
        cmocka_unit_test(order_and_number),
        cmocka_unit_test(rails),
        cmocka_unit_test(questions_of_a_small_board),
        cmocka_unit_test(unknown_boards),
        cmocka_unit_test(clock_tables),
        cmocka_unit_test(voltages_of_the_nano),
        cmocka_unit_test(voltages_rise_from_one),
        cmocka_unit_test(memory_bandwidths),
        cmocka_unit_test(memory_floors),
        cmocka_unit_test(power_modes),
        cmocka_unit_test(total_rails_carry_everything_once),
        cmocka_unit_test(sources_are_used_and_dated),
        cmocka_unit_test(thermals_make_sense),
        cmocka_unit_test(knobs_of_every_jetpack),
        cmocka_unit_test(measured_clocks_are_opps),
        cmocka_unit_test(test_unstated_precision_comes_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
