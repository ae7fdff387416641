// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/latency.h"

#include <assert.h>
#include <math.h>

/** Value of (x^n + y^n)^(1/n), and its derivatives where they are asked for. */
struct soft_max {
    double value, dx, dy, dn;
};

static struct soft_max soft_max(double x, double y, double n, bool slopes)
{
    const double high = fmax(x, y), low = fmin(x, y);
    if (high <= 0)
        return (struct soft_max){0, 0, 0, 0};
    // Relative to the larger, so that no power over- or underflows.
    const double u = low / high, logu = u > 0 ? log(u) : 0;
    const double un = u > 0 ? exp(n * logu) : 0;
    const double s = 1 + un, logs = log1p(un);
    const double value = high * exp(logs / n);
    if (!slopes) // they would take as long as the value
        return (struct soft_max){.value = value};
    const double dhigh = value / (high * s);
    const double dlow = u > 0 ? value * un / (low * s) : 0;
    return (struct soft_max){
        .value = value,
        .dx = x >= y ? dhigh : dlow,
        .dy = x >= y ? dlow : dhigh,
        .dn = value * (un * logu / (n * s) - logs / (n * n)),
    };
}

double tdm_soft_max(double x, double y, double n)
{
    return soft_max(x, y, n, false).value;
}

struct tdm_times tdm_latency_at(const struct tdm_fit *fit, const struct tdm_latency *shared,
                                const struct tdm_speed *speed)
{
    return tdm_latency_slopes(fit, shared, speed, NULL);
}

struct tdm_times tdm_latency_slopes(const struct tdm_fit *fit, const struct tdm_latency *shared,
                                    const struct tdm_speed *speed, double *slopes)
{
    assert(speed->cpu > fit->cpu_lost && speed->gpu > shared->gpu_lost && speed->bandwidth > 0);
    const double c = 1 / (speed->cpu - fit->cpu_lost), g = 1 / (speed->gpu - shared->gpu_lost);
    const double w = 1 / speed->bandwidth;
    const struct soft_max kernel =
        soft_max(fit->compute * g, fit->traffic * w, fit->overlap, slopes);
    const struct soft_max byte = soft_max(w, shared->ridge * g, shared->ridge_sharpness, slopes);
    const double device = fit->serial * g + kernel.value + fit->bound * byte.value + fit->fixed;
    const double host = fit->launch * c + fit->launch_traffic * w;
    const struct soft_max both = soft_max(host, device, fit->concurrency, slopes);
    const double total = both.value + fit->host * c;
    const double memory = (fit->traffic + fit->bound + fit->launch_traffic) * w;
    if (slopes) {
        const double dgpu = both.dy * (fit->serial + kernel.dx * fit->compute +
                                       fit->bound * byte.dy * shared->ridge);
        slopes[TDM_L_LAUNCH] = both.dx * c;
        slopes[TDM_L_LAUNCH_TRAFFIC] = both.dx * w;
        slopes[TDM_L_HOST] = c;
        slopes[TDM_L_COMPUTE] = both.dy * kernel.dx * g;
        slopes[TDM_L_SERIAL] = both.dy * g;
        slopes[TDM_L_TRAFFIC] = both.dy * kernel.dy * w;
        slopes[TDM_L_BOUND] = both.dy * byte.value;
        slopes[TDM_L_FIXED] = both.dy;
        slopes[TDM_L_OVERLAP] = both.dy * kernel.dn;
        slopes[TDM_L_CONCURRENCY] = both.dn;
        slopes[TDM_L_CPU_LOST] = (both.dx * fit->launch + fit->host) * c * c;
        slopes[TDM_L_GPU_LOST] = dgpu * g * g;
        slopes[TDM_L_RIDGE] = both.dy * fit->bound * byte.dy * g;
        slopes[TDM_L_SHARPNESS] = both.dy * fit->bound * byte.dn;
        slopes[TDM_L_BANDWIDTH] = -w * w *
                                  (both.dx * fit->launch_traffic +
                                   both.dy * (kernel.dy * fit->traffic + fit->bound * byte.dx));
    }
    return (struct tdm_times){
        .total = total,
        .host = host,
        .device = device,
        .memory = memory,
        .uc = total > 0 ? fmin(1, host / total) : 0,
        .ug = total > 0 ? fmin(1, device / total) : 0,
        .um = total > 0 ? fmin(1, memory / total) : 0,
    };
}

struct tdm_speed tdm_speed_under(const struct tdm_latency *shared, const struct tdm_speed *speed,
                                 const struct tdm_load *load)
{
    const double gpu = fmax(0.01, 1 - load->gpu), memory = fmax(0.01, 1 - load->memory);
    return (struct tdm_speed){
        .cpu = speed->cpu,
        // The share is of the cycles that do work, so that a load never meets the lost ones.
        .gpu = shared->gpu_lost + (speed->gpu - shared->gpu_lost) * gpu,
        .bandwidth = speed->bandwidth * memory,
    };
}
