// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "trace/generate.h"
#include "trace/stats.h"

static void every_class_is_whole(void **state)
{
    (void)state;
    for (const struct tdm_link_class *c = tdm_link_classes; c->name; c++) {
        assert_true(c->summary && c->source && c->states >= 1 && c->states <= TDM_LINK_STATES);
        assert_true(c->memory > 0 && c->least > 0 && c->most > c->least && c->fading > 0);
        assert_true(c->likeness >= 0 && c->likeness <= 1 && c->follows >= 0 && c->follows <= 1);
        for (int i = 0; i < c->states; i++) {
            double sum = 0;
            for (int j = 0; j < TDM_LINK_STATES; j++) {
                assert_true(c->state[i].next[j] >= 0 &&
                            (j < c->states || c->state[i].next[j] == 0));
                sum += c->state[i].next[j];
            }
            assert_near(sum, 1, 1e-12);
            assert_true(c->state[i].name && c->state[i].dwell > 0 && c->state[i].spread >= 0);
        }
    }
}

// Down rates of the public traces that the classes are fitted to, pooled, 1 s steps, Mbit/s: mean,
// quantiles, autocorrelation after 1, 5 and 20 s (traces/README.md).
static const struct target {
    const char *name;
    double mean, p5, median, p95, after[3], zero;
} targets[] = {
    {"lte-walk", 38.11, 3.00, 28.5, 105, {0.951, 0.868, 0.670}, 0.0054},
    {"lte-drive", 33.88, 10.58, 32.61, 58.13, {0.847, 0.752, 0.516}, 0.003},
    {"3g-bus", 1.70, 0.40, 1.63, 3.37, {0.941, 0.748, 0.482}, 0.01},
    {"5g-mmwave", 541.5, 8, 478, 1410, {0.921, 0.724, 0.359}, 0.0269},
};

static double autocorrelation(const struct tdm_trace *trace, size_t lag)
{
    const double *rate = trace->way[TDM_DOWN].rate;
    const double mean = trace->way[TDM_DOWN].sum[trace->count] / trace->duration;
    double product = 0, square = 0;
    for (size_t i = 0; i < trace->count; i++) {
        square += (rate[i] - mean) * (rate[i] - mean);
        if (i + lag < trace->count)
            product += (rate[i] - mean) * (rate[i + lag] - mean);
    }
    return product / square;
}

static void fitted_classes_are_like_their_data(void **state)
{
    static const size_t lags[] = {1, 5, 20};
    (void)state;
    for (size_t k = 0; k < sizeof targets / sizeof *targets; k++) {
        const struct target *target = &targets[k];
        struct tdm_series s = {0};
        struct tdm_trace_stats stats;
        assert_int_equal(
            tdm_link_generate(&s, tdm_link_class_find(target->name, NULL), 200000, 1, 1, NULL), 0);
        struct tdm_trace *trace = tdm_series_trace(&s, NULL);
        tdm_series_clear(&s);
        assert_int_equal(tdm_trace_measure(trace, &stats, NULL), 0);
        const struct tdm_quantiles *q = &stats.way[TDM_DOWN];
        assert_near(q->mean / 125e3, target->mean, 0.1);
        assert_near(q->median / 125e3, target->median, 0.1);
        assert_near(q->p95 / 125e3, target->p95, 0.1);
        assert_near(q->p5 / 125e3, target->p5, 0.35);
        assert_near(q->zero, target->zero, 0.35);
        for (int i = 0; i < 3; i++)
            assert_true(fabs(autocorrelation(trace, lags[i]) - target->after[i]) < 0.08);
        tdm_trace_free(trace);
    }
}

static void weak_wifi_is_a_real_decision(void **state)
{
    struct tdm_series s = {0};
    struct tdm_trace_stats stats;
    (void)state;
    assert_int_equal(
        tdm_link_generate(&s, tdm_link_class_find("wifi-weak", NULL), 200000, 1, 1, NULL), 0);
    struct tdm_trace *trace = tdm_series_trace(&s, NULL);
    tdm_series_clear(&s);
    assert_int_equal(tdm_trace_measure(trace, &stats, NULL), 0);
    const struct tdm_quantiles *up = &stats.way[TDM_UP];
    assert_true(up->p5 > 0.3 * 125e3 && up->p5 < 125e3);
    assert_true(up->p95 > 10 * 125e3 && up->p95 < 20 * 125e3);
    assert_true(up->zero > 0.002 && up->zero < 0.02);
    tdm_trace_free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_is_whole),
        cmocka_unit_test(fitted_classes_are_like_their_data),
        cmocka_unit_test(weak_wifi_is_a_real_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
