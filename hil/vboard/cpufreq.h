// SPDX-License-Identifier: GPL-3.0-or-later
/** cpufreq: policies, limits, governors. */
#ifndef VB_CPUFREQ_H
#define VB_CPUFREQ_H

#include "hil/vboard/machine.h"

/** The OPP that governor and limits of a policy lead to. */
int vb_cpufreq_goal(const struct vb_machine *machine, const struct vb_policy *policy);
/** A look of the governor: `use` is the utilisation since the last one. */
void vb_cpufreq_look(struct vb_machine *machine, struct vb_policy *policy, double use);

/** A file of a policy that stands beside those of the board's map. */
struct vb_beside {
    const char *name;
    const struct vb_type *type;
};
extern const struct vb_beside vb_cpufreq_files[]; /**< ends with a NULL name */
bool vb_cpufreq_present(const struct vb_machine *machine, const struct vb_node *node);

#endif
