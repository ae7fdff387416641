// SPDX-License-Identifier: GPL-3.0-or-later
/** Networks: totals against the published ones, cuts, accuracy by hand, what is refused. */
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
#include "model/dnn.h"

static struct tdm_dnn *load_text(const char *text, struct tdm_error *error)
{
    char path[] = "/tmp/tandem-dnn-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    struct tdm_dnn *dnn = tdm_dnn_load(path, error);
    unlink(path);
    return dnn;
}

#define HEAD \
    "<dnn name=\"n\" title=\"t\" input=\"3x8x8\" raw=\"192 B\" compressed=\"48 B\">\n" \
    "<source id=\"s\" kind=\"assumed\" what=\"for a test\"/>\n"
#define LAYER(name) \
    "<layer name=\"" name "\" op=\"Conv\" macs=\"1000\" weights=\"10 B\" in=\"20 B\" " \
    "out=\"30 B\" kernels=\"1\"/>\n"

static void refused(const char *text, long line, long column, const char *message)
{
    struct tdm_error error = {0};
    assert_null(load_text(text, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
}

static void what_is_refused(void **state)
{
    (void)state;
    refused(HEAD LAYER("conv1") "<cut after=\"conv2\" bytes=\"30 B\" channels=\"1\"/></dnn>", 4, 1,
            "no layer is called 'conv2' (did you mean 'conv1'?)");
    refused(HEAD LAYER("a") LAYER("b") "<cut after=\"b\" bytes=\"30 B\" channels=\"1\"/>\n"
                                       " <cut after=\"a\" bytes=\"30 B\" channels=\"1\"/></dnn>",
            6, 2, "cuts are sorted by depth; 'a' lies before the one above");
    refused(HEAD LAYER("a") "<cut after=\"a\" bytes=\"30 B\" channels=\"1\"/>\n"
                            "<cut after=\"a\" bytes=\"30 B\" channels=\"1\"/></dnn>",
            5, 1, "<cut after=\"a\"> is there twice; the first is on line 4");
    refused(HEAD LAYER("a") LAYER("a") "</dnn>", 4, 1,
            "<layer name=\"a\"> is there twice; the first is on line 3");
    refused(HEAD "</dnn>", 3, 1,
            "<dnn> needs at least 1 <layer> (one layer, in topological order)");
    refused(HEAD "<layer name=\"a\" op=\"View\" macs=\"0\" weights=\"0 B\" in=\"0 B\" out=\"0 B\" "
                 "kernels=\"0\"/></dnn>",
            1, 1, "the layers together need MACs, bytes and kernels above zero");
    refused(HEAD LAYER("a") "<accuracy value=\"70 %\" source=\"t\"/></dnn>", 4, 1,
            "no <source> has the id 't' (did you mean 's'?)");
    refused(HEAD LAYER("a") "<accuracy value=\"70\" source=\"s\"/></dnn>", 4, 1,
            "<accuracy value=\"70\">: out of range; it lies between 0 % and 100 %");
    refused(HEAD "<layer name=\"a\" op=\"Conv\" macs=\"-5\" weights=\"0 B\" in=\"0 B\" out=\"0 B\" "
                 "kernels=\"0\"/></dnn>",
            3, 1, "<layer macs=\"-5\">: out of range; it lies between 0 and 1e+15");
    struct tdm_error error = {0};
    assert_null(tdm_dnn_load("resnet-50", &error));
    assert_string_equal(error.message, "'resnet-50' is neither a file nor one of the known dnns "
                                       "(did you mean 'resnet50'?)");
}

static void totals_and_cuts(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_dnn *dnn =
        load_text(HEAD LAYER("a") LAYER("b")
                      LAYER("c") "<cut after=\"a\" bytes=\"30 B\" channels=\"3\"/>"
                                 "<cut after=\"c\" bytes=\"12 B\" channels=\"1\"/></dnn>",
                  &error);
    assert_non_null(dnn);
    assert_true(dnn->flop == 2 * 3000 && dnn->bytes == 3 * 60 && dnn->kernels == 3);
    assert_int_equal(dnn->cuts[0].layers, 1);
    assert_int_equal(dnn->cuts[1].layers, 3);
    assert_true(isnan(tdm_dnn_accuracy(dnn, 0, 32)));
    tdm_dnn_free(dnn);
    tdm_dnn_free(NULL);
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void accuracies_by_hand(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_dnn *dnn =
        load_text(HEAD LAYER("a") "<accuracy value=\"70 %\" source=\"s\"/>"
                                  "<accuracy value=\"69.5 %\" bits=\"8\" source=\"s\"/>"
                                  "<accuracy value=\"10 %\" version=\"tiny\" source=\"s\"/></dnn>",
                  &error);
    assert_non_null(dnn);
    assert_true(near(tdm_dnn_accuracy(dnn, 1, 32), 0.7));
    assert_true(near(tdm_dnn_accuracy(dnn, 1, 8), 0.695)); // the row that names more
    assert_true(near(tdm_dnn_accuracy(dnn, 0, 8), 0.7));   // nothing is sent
    assert_true(near(tdm_dnn_accuracy(dnn, 1, 4), 0.7));
    tdm_dnn_free(dnn);
    dnn = load_text(HEAD LAYER("a") "<accuracy value=\"70 %\" xi=\"0 %\" source=\"s\"/>"
                                    "<accuracy value=\"60 %\" xi=\"50 %\" source=\"s\"/>"
                                    "<accuracy value=\"64 %\" xi=\"100 %\" source=\"s\"/></dnn>",
                    &error);
    assert_non_null(dnn);
    assert_true(near(tdm_dnn_accuracy(dnn, 0, 32), 0.7));
    assert_true(near(tdm_dnn_accuracy(dnn, 0.25, 32), 0.65)); // half way down
    assert_true(near(tdm_dnn_accuracy(dnn, 0.5, 32), 0.6));
    assert_true(near(tdm_dnn_accuracy(dnn, 0.75, 32), 0.62)); // half way up again
    assert_true(near(tdm_dnn_accuracy(dnn, 1, 32), 0.64));
    tdm_dnn_free(dnn);
}

// Plans fuse evenly: rows of other weights are for people, and so are those of exits.
static void rows_of_other_weights_do_not_count(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_dnn *dnn = load_text(
        HEAD LAYER(
            "a") "<accuracy exit=\"early\" value=\"50 %\" source=\"s\"/>"
                 "<accuracy xi=\"0 %\" value=\"90 %\" source=\"s\"/>"
                 "<accuracy bits=\"8\" xi=\"50 %\" lambda=\"25 %\" value=\"60 %\" source=\"s\"/>"
                 "<accuracy bits=\"8\" xi=\"50 %\" lambda=\"50 %\" value=\"80 %\" source=\"s\"/>"
                 "<accuracy bits=\"8\" xi=\"100 %\" value=\"84 %\" source=\"s\"/></dnn>",
        &error);
    assert_non_null(dnn);
    assert_true(near(tdm_dnn_accuracy(dnn, 0, 8), 0.9));
    assert_true(near(tdm_dnn_accuracy(dnn, 0.25, 8), 0.85));
    assert_true(near(tdm_dnn_accuracy(dnn, 0.5, 8), 0.8));
    assert_true(near(tdm_dnn_accuracy(dnn, 0.75, 8), 0.82));
    assert_true(isnan(tdm_dnn_accuracy(dnn, 0.5, 4))); // nobody measured it
    tdm_dnn_free(dnn);
}

#define CUT(name) "<cut after=\"" name "\" bytes=\"30 B\" channels=\"1\"/>\n"
#define EXIT(name, after) \
    "<exit name=\"" name "\" after=\"" after "\"><layer name=\"x\" op=\"Gemm\" macs=\"7\" " \
    "weights=\"1 B\" in=\"2 B\" out=\"3 B\" kernels=\"2\"/></exit>\n"

static void exits_are_networks_of_their_own(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_dnn *dnn = load_text(
        HEAD LAYER("a") LAYER("b") LAYER("c") CUT("a") CUT("b") EXIT("one", "a") EXIT(
            "two", "b") "<accuracy value=\"90 %\" source=\"s\"/>"
                        "<accuracy exit=\"two\" value=\"70 %\" source=\"s\"/>"
                        "<accuracy exit=\"two\" bits=\"8\" value=\"65 %\" source=\"s\"/></dnn>",
        &error);
    if (!dnn)
        fail_msg("%s", error.message);
    assert_int_equal(dnn->exit_count, 2);
    assert_ptr_equal(tdm_dnn_until(dnn, 0), dnn);
    assert_ptr_equal(tdm_dnn_whole(dnn), dnn);
    for (int e = 1; e <= 2; e++) {
        const struct tdm_dnn *left = tdm_dnn_until(dnn, e);
        assert_ptr_equal(tdm_dnn_whole(left), dnn);
        assert_int_equal(left->layer_count, e + 1); // the first ones, and the branch
        assert_string_equal(left->layers[e - 1].name, e == 1 ? "a" : "b");
        assert_string_equal(left->layers[e].name, "x");
        assert_int_equal(left->cut_count, e);
        assert_true(near(left->flop, 2 * (1000 * e + 7)));
        assert_true(near(left->bytes, 60 * e + 6));
        assert_true(near(left->kernels, e + 2));
        assert_string_equal(left->name, "n");
        assert_string_equal(left->exit, e == 1 ? "one" : "two");
    }
    assert_true(near(tdm_dnn_accuracy(dnn, 1, 8), 0.9)); // no exit's row
    assert_true(isnan(tdm_dnn_accuracy(tdm_dnn_until(dnn, 1), 0, 32)));
    assert_true(near(tdm_dnn_accuracy(tdm_dnn_until(dnn, 2), 1, 32), 0.7));
    assert_true(near(tdm_dnn_accuracy(tdm_dnn_until(dnn, 2), 1, 8), 0.65));
    assert_true(near(tdm_dnn_accuracy(tdm_dnn_until(dnn, 2), 0, 8), 0.7)); // nothing is sent
    tdm_dnn_free(dnn);
}

static void exits_that_cannot_be(void **state)
{
    (void)state;
    refused(HEAD LAYER("a1") LAYER("b") CUT("a1") EXIT("one", "a2") "</dnn>", 6, 1,
            "an exit hangs at a cut, and there is none after 'a2' (did you mean 'a1'?)");
    refused(HEAD LAYER("a") LAYER("b") CUT("a") CUT("b") EXIT("one", "b") EXIT("two", "a") "</dnn>",
            8, 1, "exits are sorted by depth; 'two' does not lie beyond the one above");
    refused(HEAD LAYER("a") LAYER("b") CUT("a") EXIT("one", "a") EXIT("two", "a") "</dnn>", 7, 1,
            "exits are sorted by depth; 'two' does not lie beyond the one above");
    refused(HEAD LAYER("a") CUT("a") "<exit name=\"one\" after=\"a\"/></dnn>", 5, 29,
            "<exit> needs at least 1 <layer> (one layer of the branch, in order)");
    refused(HEAD LAYER("a") CUT("a")
                EXIT("one", "a") "<accuracy exit=\"once\" value=\"1 %\" source=\"s\"/></dnn>",
            6, 1, "no exit is called 'once' (did you mean 'one'?)");
}

static void shipped_networks(void **state)
{
    (void)state;
    // Published multiply-accumulates (10^9): torchvision's model cards and the papers.
    static const struct {
        const char *name;
        double gmacs;
    } published[] = {{"resnet18", 1.81},         {"resnet50", 4.09},     {"mobilenet-v2", 0.30},
                     {"efficientnet-b0", 0.386}, {"inception-v3", 5.71}, {"inception-v4", 12.27},
                     {"vit-b16", 17.56},         {"yolov3-tiny", 2.78}};
    for (size_t i = 0; i < TDM_COUNT(published); i++) {
        struct tdm_error error = {0};
        struct tdm_dnn *dnn = tdm_dnn_load(published[i].name, &error);
        if (!dnn)
            fail_msg("%s: %s", published[i].name, error.message);
        const double gmacs = dnn->flop / 2e9;
        if (fabs(gmacs / published[i].gmacs - 1) > 0.01)
            fail_msg("%s: %.4f GMAC, published %.4f", dnn->name, gmacs, published[i].gmacs);
        assert_true(dnn->cut_count >= 3);
        assert_true(dnn->compressed < dnn->raw);
        tdm_dnn_free(dnn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(totals_and_cuts),
        cmocka_unit_test(accuracies_by_hand),
        cmocka_unit_test(rows_of_other_weights_do_not_count),
        cmocka_unit_test(exits_are_networks_of_their_own),
        cmocka_unit_test(exits_that_cannot_be),
        cmocka_unit_test(shipped_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
