// SPDX-License-Identifier: GPL-3.0-or-later
/** Measured rows: what is taken, what is left out and said by line. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "near.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/measurements.h"
#include "small_board.h"

#define HEADER \
    "board,dnn,mode,precision,batch,power_rails,cpu_hz,gpu_hz,emc_hz,latency_s,period_s,power_w," \
    "energy_j\n"
#define GOOD "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.1,5,0.5\n"

/** What the notes said, one a line: "LINE: message". */
static char said[16384];
static int notes_count;

static void listen(void *context, const struct tdm_error *what)
{
    (void)context;
    const size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%ld: %s\n", what->line, what->message);
    notes_count++;
}
static const struct tdm_notes notes = {.note = listen};

static int read_text(struct tdm_measurements *rows, const char *text, struct tdm_error *error)
{
    said[0] = '\0';
    notes_count = 0;
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    const int result = tdm_measurements_read(rows, stream, "folder/rows.csv", &notes, error);
    fclose(stream);
    return result;
}

static void good_rows_are_taken(void **state)
{
    (void)state;
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    const char *text = "\xef\xbb\xbf" HEADER GOOD "\r\n# a comment\n"
                       "small,\"net\",infer,fp32,1,IN,,5e8,,0.1,0.2,5,\r\n"
                       "small,net,infer,fp32,1,,1e9,3e8,8e8,0.1,,,\n"
                       "small,net,infer,fp32,1,IN,1e9,7e8,8e8,0.1,,5,1\n";
    assert_int_equal(read_text(&rows, text, &error), 0);
    assert_int_equal(rows.count, 4);
    assert_string_equal(rows.files[0], "rows.csv");
    assert_true(isnan(rows.rows[1].cpu) && isnan(rows.rows[1].emc));
    assert_near(rows.rows[1].energy, 1, 1e-12);
    assert_true(isnan(rows.rows[2].power) && isnan(rows.rows[2].energy));
    assert_near(rows.rows[2].period, 0.1, 1e-12);
    assert_near(rows.rows[3].period, 0.2, 1e-12);
    assert_int_equal(rows.rows[3].line, 7);
    assert_int_equal(notes_count, 0);
    tdm_measurements_free(&rows);
}

static void columns_must_be_there_and_known(void **state)
{
    (void)state;
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    assert_int_equal(read_text(&rows, "board,dnn,mode\n", &error), -1);
    assert_non_null(strstr(error.message, "'precision' is missing"));
    assert_int_equal(read_text(&rows, "board,dnn,mode,latency\n", &error), -1);
    assert_non_null(strstr(error.message, "'latency' (did you mean 'latency_s'?)"));
    assert_int_equal(read_text(&rows, "board;dnn;mode;latency_s\n", &error), -1);
    assert_non_null(strstr(error.message, "separated by semicolons"));
    assert_int_equal(read_text(&rows, "", &error), -1);
    assert_int_equal(read_text(&rows, HEADER, &error), -1);
    assert_non_null(strstr(error.message, "not one usable row"));
    tdm_measurements_free(&rows);
}

/** What follows or was not measured needs no column; what is not known is passed over. */
static void columns_may_be_more_or_fewer(void **state)
{
    (void)state;
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    const char *text = "board,dnn,mode,precision,batch,cpu_hz,gpu_hz,emc_hz,latency_s,run,"
                       "temperature\n"
                       "small,net,infer,fp32,1,1e9,3e8,8e8,0.1,4,33\n";
    assert_int_equal(read_text(&rows, text, &error), 0);
    assert_int_equal(rows.count, 1);
    assert_near(rows.rows[0].period, 0.1, 1e-12);
    assert_true(isnan(rows.rows[0].power) && isnan(rows.rows[0].energy));
    assert_string_equal(rows.rows[0].rails, "");
    assert_string_equal(said, "1: ignores the columns 'run', 'temperature'\n");
    tdm_measurements_free(&rows);
    // A name near a column that is there is another column; near a missing one it is a slip.
    rows = (struct tdm_measurements){0};
    assert_int_equal(read_text(&rows, "power_mw," HEADER "7," GOOD, &error), 0);
    tdm_measurements_free(&rows);
    rows = (struct tdm_measurements){0};
    assert_int_equal(read_text(&rows,
                               "board,dnn,mode,precision,batch,cpu_hz,gpu_hz,emc_hz,latency_s,"
                               "power\n",
                               &error),
                     -1);
    assert_non_null(strstr(error.message, "'power' (did you mean 'power_"));
    tdm_measurements_free(&rows);
}

/** No table is endless: bytes, rows and notes are bounded. */
static void nothing_is_endless(void **state)
{
    (void)state;
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    FILE *stream = fopen("/dev/zero", "r");
    assert_non_null(stream);
    assert_int_equal(tdm_measurements_read(&rows, stream, "zero", NULL, &error), -1);
    assert_non_null(strstr(error.message, "not a CSV"));
    fclose(stream);
    const size_t lines = TDM_MEASUREMENTS_MOST + 2, good = strlen(GOOD);
    char *text = malloc(strlen(HEADER) + lines * good + 1);
    strcpy(text, HEADER);
    for (size_t i = 0; i < lines; i++)
        memcpy(text + strlen(HEADER) + i * good, GOOD, good + 1);
    assert_int_equal(read_text(&rows, text, &error), -1);
    assert_non_null(strstr(error.message, "more than 100000 rows"));
    free(text);
    tdm_measurements_free(&rows);
}

static void few_notes_of_a_kind(void **state)
{
    (void)state;
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    char text[16384] = HEADER GOOD;
    for (int i = 0; i < 50; i++) {
        char row[128];
        snprintf(row, sizeof row, "small,net%d,infer,fp32,1,IN,1e9,3e8,8e8,-%d.5e-3,,5,\n", i,
                 i + 1);
        strcat(text, row);
    }
    strcat(text, "small,net,infer,fp32,0,IN,1e9,3e8,8e8,0.1,0.1,5,0.5\n");
    assert_int_equal(read_text(&rows, text, &error), 0);
    assert_int_equal(rows.left_out, 51);
    assert_int_equal(notes_count, 22);
    assert_non_null(strstr(said, "\n52: … and 30 more up to here: left out: latency_s is -0.0505"));
    assert_non_null(strstr(said, "\n53: left out: batch '0'"));
    tdm_measurements_free(&rows);
    // Rows of other boards are one note.
    struct tdm_board board = small_board();
    rows = (struct tdm_measurements){0};
    assert_int_equal(read_text(&rows,
                               HEADER GOOD "big,n,infer,fp32,1,,1e9,3e8,8e8,1,,,\n"
                                           "huge,n,infer,fp32,1,,1e9,3e8,8e8,1,,,\n",
                               &error),
                     0);
    assert_int_equal(tdm_measurements_place(&rows, &board, &notes, &error), 0);
    assert_int_equal(rows.left_out, 2);
    assert_string_equal(said, "3: left out: 2 rows from here on are not of the board 'small' (this "
                              "one is of 'big')\n");
    tdm_measurements_free(&rows);
    tdm_arena_free(board.arena);
}

static void bad_rows_are_left_out_by_line(void **state)
{
    (void)state;
    static const struct {
        const char *row, *why;
    } bad[] = {
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,0,0.1,5,0.5\n", "latency_s is 0"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,-1,0.1,5,0.5\n", "latency_s is -1"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,,0.1,5,0.5\n", "latency_s is empty"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,9999,,5,\n", "no board does"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.1,500,50\n", "power_w is 500"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.1,5,0.6\n", "is not power_w * period_s"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.05,5,0.25\n", "shorter than latency_s"},
        {"small,net,infer,fp32,1,,1e9,3e8,8e8,0.1,0.1,5,0.5\n", "power_rails is empty"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,1e-300,,5,\n", "less than 1e-06"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,601,,5,\n", "more than 600"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,0.001,\n", "power_w is 0.001"},
        {"small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,,0.0001\n", "the power is 0.001 W"},
        {"small,net,inference,fp32,1,IN,1e9,3e8,8e8,0.1,,5,\n", "(did you mean 'infer'?)"},
        {"small,net,infer,fp33,1,IN,1e9,3e8,8e8,0.1,,5,\n", "not one of fp32, fp16, bf16, int8"},
        {"small,net,infer,fp32,,IN,1e9,3e8,8e8,0.1,,5,\n", "batch is empty"},
        {"small,,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,5,\n", "dnn is empty"},
        {"small,net,infer,fp32,x,IN,1e9,3e8,8e8,0.1,0.1,5,0.5\n", "batch 'x'"},
        {"small,net,infer,fp32,1,IN,fast,3e8,8e8,0.1,0.1,5,0.5\n", "cpu_hz 'fast'"},
        {"small,net,infer,fp32,1,IN,nan,3e8,8e8,0.1,0.1,5,0.5\n", "cpu_hz 'nan'"},
        {"small,net,infer,fp32,1,IN,0x1p30,3e8,8e8,0.1,0.1,5,0.5\n", "cpu_hz '0x1p30'"},
        {"small,n t,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.1,5,0.5\n", "dnn 'n t' is not a name"},
        {"small,net,infer\n", "has 3 fields, the header has 13"},
        {"small,\"net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.1,5,0.5\n", "a quote that does not end"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tdm_measurements rows = {0};
        struct tdm_error error = {0};
        char text[1024];
        snprintf(text, sizeof text, "%s%s%s%s", HEADER, GOOD, bad[i].row, GOOD);
        assert_int_equal(read_text(&rows, text, &error), 0);
        assert_int_equal(rows.count, 2);
        assert_int_equal(rows.left_out, 1);
        assert_int_equal(notes_count, 1);
        if (strncmp(said, "3: left out: ", 13) || !strstr(said, bad[i].why))
            fail_msg("row %zu: said '%s' instead of '%s'", i, said, bad[i].why);
        tdm_measurements_free(&rows);
    }
}

static void rows_find_their_opps(void **state)
{
    (void)state;
    struct tdm_board board = small_board();
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    const char *text = HEADER "small,net,infer,fp32,1,IN,1.0005e9,3e8,8e8,0.1,,5,\n"
                              "small,net,infer,fp32,1,IN,,5e8,,0.1,,5,\n"
                              "small,net,infer,fp32,1,IN,,3e8,,0.1,,5,\n"
                              "small,net,infer,fp32,1,IN,1.01e9,3e8,8e8,0.1,,5,\n"
                              "big,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,5,\n"
                              "small,net,infer,fp32,1,INN,1e9,3e8,8e8,0.1,,5,\n";
    assert_int_equal(read_text(&rows, text, &error), 0);
    assert_int_equal(tdm_measurements_place(&rows, &board, &notes, &error), 0);
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.rows[0].opps.at[TDM_CPU], 1);
    assert_int_equal(rows.rows[0].opps.at[TDM_GPU], 1);
    assert_int_equal(rows.rows[0].opps.at[TDM_EMC], 1);
    assert_int_equal(rows.rows[1].opps.at[TDM_CPU], 3); // assumed at the top
    assert_true(rows.rows[1].cpu_assumed && !rows.rows[0].cpu_assumed);
    assert_int_equal(rows.rows[1].opps.at[TDM_EMC], 2); // by the floor table
    assert_int_equal(rows.rows[2].opps.at[TDM_EMC], 0);
    assert_int_equal(notes_count, 3);
    assert_non_null(strstr(said, "5: left out: the board 'small' has no cpu clock 1.01 GHz"));
    assert_non_null(strstr(said, "(did you mean 1 GHz?)"));
    assert_non_null(strstr(said, "6: left out: the row is of the board 'big'"));
    assert_non_null(strstr(said, "7: left out: the board 'small' has no rail 'INN'"));
    tdm_measurements_free(&rows);
    assert_int_equal(read_text(&rows, HEADER "big,n,infer,fp32,1,,1e9,3e8,8e8,1,,,\n", &error), 0);
    assert_int_equal(tdm_measurements_place(&rows, &board, &notes, &error), -1);
    assert_non_null(strstr(error.message, "of the board 'big'"));
    tdm_measurements_free(&rows);
    tdm_arena_free(board.arena);
}

/** The nearest clock, and the unit that a clock was probably in. */
static void wrong_clocks_get_hints(void **state)
{
    (void)state;
    static const struct {
        const char *clock, *hint;
    } clocks[] = {
        {"3.1e8", "(did you mean 300 MHz?)"}, // not the next above
        {"6.9e8", "(did you mean 700 MHz?)"},
        {"5e9", "(did you mean 1 GHz?)"},
        {"300", "gpu_hz is 300: are these MHz? the column is in Hz"},
        {"300000", "gpu_hz is 300000: are these kHz?"},
        {"0.7", "gpu_hz is 0.7: are these GHz?"},
        {"310", "gpu_hz is 310: are these MHz?"},
    };
    struct tdm_board board = small_board();
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct tdm_measurements rows = {0};
        struct tdm_error error = {0};
        char text[512];
        snprintf(text, sizeof text, HEADER GOOD "small,net,infer,fp32,1,IN,1e9,%s,8e8,0.1,,5,\n",
                 clocks[i].clock);
        assert_int_equal(read_text(&rows, text, &error), 0);
        assert_int_equal(tdm_measurements_place(&rows, &board, &notes, &error), 0);
        if (notes_count != 1 || !strstr(said, clocks[i].hint))
            fail_msg("%s: said '%s' instead of '%s'", clocks[i].clock, said, clocks[i].hint);
        tdm_measurements_free(&rows);
    }
    tdm_arena_free(board.arena);
}

/** Reads, places and merges. */
static struct tdm_measurements merged(const char *text)
{
    struct tdm_board board = small_board();
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    assert_int_equal(read_text(&rows, text, &error), 0);
    assert_int_equal(tdm_measurements_place(&rows, &board, &notes, &error), 0);
    tdm_measurements_merge(&rows, &notes);
    tdm_arena_free(board.arena);
    return rows;
}

static void duplicates_are_averaged(void **state)
{
    (void)state;
    struct tdm_measurements rows =
        merged(HEADER "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,4,\n"
                      "small,net,infer,fp32,2,IN,1e9,3e8,8e8,0.1,,4,\n"
                      "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.109,,4.3,\n"
                      "small,net,infer,fp32,1,,1e9,3e8,8e8,0.4,,,\n");
    assert_int_equal(rows.count, 3);
    assert_int_equal(notes_count, 1);
    assert_non_null(strstr(said, "4: measures the same dnn and clocks as rows.csv:2"));
    for (size_t i = 0; i < rows.count; i++)
        if (*rows.rows[i].rails && rows.rows[i].batch == 1) {
            assert_near(rows.rows[i].latency, sqrt(0.1 * 0.109), 1e-12);
            assert_near(rows.rows[i].power, sqrt(4 * 4.3), 1e-12);
        }
    tdm_measurements_free(&rows);
}

static void contradicting_duplicates_are_left_out(void **state)
{
    (void)state;
    // Two that differ: neither is true.
    struct tdm_measurements rows = merged(HEADER "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,4,\n"
                                                 "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.12,,4,\n"
                                                 "small,net,infer,fp32,1,IN,1e9,5e8,8e8,0.1,,4,\n"
                                                 "small,net,infer,fp32,1,IN,1e9,5e8,8e8,0.1,,5,\n"
                                                 "small,net,infer,fp32,1,IN,1e9,7e8,8e8,0.1,,4,\n");
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.left_out, 4);
    assert_int_equal(notes_count, 4);
    assert_non_null(strstr(said, "2: left out: it contradicts rows.csv:3"));
    assert_non_null(strstr(said, "3: left out: it contradicts rows.csv:2, of the same dnn and "
                                 "clocks (latency +20.0 %, power +0.0 %)"));
    assert_non_null(strstr(said, "5: left out: it contradicts rows.csv:4"));
    tdm_measurements_free(&rows);
    // Three that agree outvote one.
    rows = merged(HEADER "small,net,infer,fp32,1,IN,1e9,3e8,8e8,1,,4,\n"
                         "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,4,\n"
                         "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,4,\n"
                         "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,,4,\n");
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.left_out, 1);
    assert_near(rows.rows[0].latency, 0.1, 1e-12);
    assert_non_null(strstr(said, "2: left out: it contradicts rows.csv:3"));
    tdm_measurements_free(&rows);
    // Another idle time is another measurement.
    rows = merged(HEADER "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.1,4,\n"
                         "small,net,infer,fp32,1,IN,1e9,3e8,8e8,0.1,0.2,3,\n");
    assert_int_equal(rows.count, 2);
    assert_int_equal(notes_count, 0);
    tdm_measurements_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_rows_are_taken),
        cmocka_unit_test(columns_must_be_there_and_known),
        cmocka_unit_test(bad_rows_are_left_out_by_line),
        cmocka_unit_test(rows_find_their_opps),
        cmocka_unit_test(columns_may_be_more_or_fewer),
        cmocka_unit_test(nothing_is_endless),
        cmocka_unit_test(few_notes_of_a_kind),
        cmocka_unit_test(wrong_clocks_get_hints),
        cmocka_unit_test(duplicates_are_averaged),
        cmocka_unit_test(contradicting_duplicates_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
