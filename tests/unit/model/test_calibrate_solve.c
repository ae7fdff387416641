// SPDX-License-Identifier: GPL-3.0-or-later
/** The solver of the calibration on a straight line, whose answers are known in closed form. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "model/calibrate_solve.h"
#include "near.h"

enum { MOST = 400, WIDE = 100 /* sigma of priors that say nothing */ };

struct line {
    size_t rows;
    double x[MOST], y[MOST];
};

static void evaluate(void *context, const double *at, double *residuals, double *jacobian)
{
    const struct line *line = context;
    for (size_t i = 0; i < line->rows; i++) {
        residuals[i] = at[0] + at[1] * line->x[i] - line->y[i];
        if (jacobian) {
            jacobian[2 * i] = 1;
            jacobian[2 * i + 1] = line->x[i];
        }
    }
}

/** y = 2 + 3 x and `noise` that is normal. */
static struct line make_line(size_t rows, double noise)
{
    struct line line = {.rows = rows};
    struct tdm_random random;
    tdm_random_seed(&random, 5, "line", 0);
    for (size_t i = 0; i < rows; i++) {
        line.x[i] = (double)i / (double)rows;
        line.y[i] = 2 + 3 * line.x[i] + noise * tdm_random_normal(&random);
    }
    return line;
}

static struct tdm_solution solve(struct line *line, double noise_rows, double *x)
{
    struct tdm_problem problem = {.unknowns = 2,
                                  .rows = line->rows,
                                  .evaluate = evaluate,
                                  .context = line,
                                  .noise_rows = noise_rows};
    struct tdm_solution solution = {.x = x};
    const double start[2] = {0, 0};
    assert_int_equal(tdm_problem_prior(&problem, 0, -1, 0, WIDE), 0);
    assert_int_equal(tdm_problem_prior(&problem, 1, -1, 0, WIDE), 0);
    assert_int_equal(tdm_problem_solve(&problem, start, 1, &solution, NULL), 0);
    free(problem.priors);
    return solution;
}

/** Residual standard deviation of the ordinary least squares line: sqrt(RSS / (n - 2)). */
static double textbook_noise(const struct line *line)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, rss = 0;
    const double n = (double)line->rows;
    for (size_t i = 0; i < line->rows; i++) {
        sx += line->x[i];
        sy += line->y[i];
        sxx += line->x[i] * line->x[i];
        sxy += line->x[i] * line->y[i];
    }
    const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx), level = (sy - slope * sx) / n;
    for (size_t i = 0; i < line->rows; i++)
        rss += pow(line->y[i] - level - slope * line->x[i], 2);
    return sqrt(rss / (n - 2));
}

/** Many rows tell their noise, whatever the unit was thought to be. */
static void noise_is_found(void **state)
{
    (void)state;
    for (double noise = 0.3; noise < 4; noise *= 3) {
        double x[2];
        struct line line = make_line(MOST, noise);
        const struct tdm_solution s = solve(&line, 2, x);
        // Student's t of 12 degrees puts a normal's scale a few percent lower.
        assert_near(s.noise / textbook_noise(&line), 0.95, 0.05);
        assert_near(x[0], 2, 0.3 * noise);
        assert_near(x[1], 3, 0.5 * noise);
    }
}

/** The rows that the parameters took do not count: with 5 rows and 2 parameters 3 remain. */
static void parameters_cost_rows(void **state)
{
    (void)state;
    double x[2], sum = 0;
    struct line line = make_line(5, 0);
    const double off[5] = {1, -1, 0.5, -1, 1}; // about normal, so Student's weights are near 1
    for (size_t i = 0; i < line.rows; i++)
        line.y[i] += off[i];
    const double noise = solve(&line, 1e-6, x).noise;
    for (size_t i = 0; i < line.rows; i++)
        sum += pow(line.y[i] - x[0] - x[1] * line.x[i], 2);
    assert_near(noise / sqrt(sum / 3), 1, 0.05);
}

/** A unit that counts for many rows stays, and a known one is not looked for. */
static void a_known_unit_stays(void **state)
{
    (void)state;
    double x[2];
    struct line line = make_line(6, 5);
    assert_near(solve(&line, 0, x).noise, 1, 0);
    assert_near(solve(&line, 1e6, x).noise, 1, 0.001);
    const double some = solve(&line, 20, x).noise;
    assert_true(some > 1 && some < 0.5 * textbook_noise(&line));
}

/** One row in twenty that is far off: least squares sees noise above 100, the fit next to none. */
static void slips_are_not_noise(void **state)
{
    (void)state;
    double x[2], y[2];
    struct line line = make_line(MOST, 1);
    const double clean = solve(&line, 20, x).noise;
    for (size_t i = 0; i < line.rows; i += 20)
        line.y[i] += 1000;
    assert_true(textbook_noise(&line) > 100);
    assert_true(solve(&line, 20, y).noise < 2 * clean);
    assert_near(y[0], x[0], 0.3);
    assert_near(y[1], x[1], 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_found),
        cmocka_unit_test(parameters_cost_rows),
        cmocka_unit_test(a_known_unit_stays),
        cmocka_unit_test(slips_are_not_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
