// SPDX-License-Identifier: GPL-3.0-or-later
/** cmocka compares floats only; physics is in doubles. Include it after cmocka.h. */
#ifndef TESTS_NEAR_H
#define TESTS_NEAR_H

#include <math.h>

/** Fails unless |a - b| <= tolerance (not for NAN). */
#define assert_near(a, b, tolerance) \
    do { \
        const double near_a = (a), near_b = (b), near_tolerance = (tolerance); \
        if (!(fabs(near_a - near_b) <= near_tolerance)) \
            fail_msg("%s is %.17g, not %.17g within %g", #a, near_a, near_b, near_tolerance); \
    } while (0)

#endif
