// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/difficulty.h"

#include <math.h>

double tdm_difficulty_accuracy(double mean, double told, double d)
{
    if (mean >= 1)
        return 1;
    return (1 - told) * mean + told * (1 - pow(d, mean / (1 - mean)));
}

// With m + 1 = 1/(1 - mean), the integral of d^m is (1 - mean) d^(m + 1).
double tdm_difficulty_right(double mean, double told, double d)
{
    if (mean >= 1)
        return d;
    return (1 - told) * mean * d + told * (d - (1 - mean) * pow(d, 1 / (1 - mean)));
}
