// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * How hard a request is, and what that does to a network's accuracy.
 *
 * A request's difficulty d is its rank among all: spread evenly over 0 (the easiest) to 1. Where d
 * tells everything, a network of accuracy A answers it rightly with probability 1 - d^m, where
 * m = A/(1 - A): never better on the harder of two, always better with the better network, and A in
 * the mean. A stream's difficulty s is how much d tells: the share of requests whose rank it is,
 * the others' d being drawn blindly. Then a request of difficulty d is answered rightly with
 * probability (1 - s) A + s (1 - d^m), whose mean is A, too. The form is assumed.
 */
#ifndef TDM_MODEL_DIFFICULTY_H
#define TDM_MODEL_DIFFICULTY_H

/** Expected accuracy at difficulty `d` of a network whose mean is `mean`; NAN stays NAN. */
double tdm_difficulty_accuracy(double mean, double told, double d);

/** Its integral from 0 to `d`: right answers to requests no harder than that, over all requests. */
double tdm_difficulty_right(double mean, double told, double d);

#endif
